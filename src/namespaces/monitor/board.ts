import { ACK_BYTES, bytesOf, fittingLast, sizeOf } from "../../log/budget.ts";
import type { AlertChange, Observed } from "./alerts.ts";
import { covers, type Report, type Wanted } from "./fleet/index.ts";
import type { HostFacts } from "./host.ts";
import { createRing, type Ring } from "./ring.ts";
import type { Alert, Sample } from "./sample.ts";

/** A host as a watcher is shown it at once. */
export interface ShownHost extends HostFacts {
  readonly host: string;
  readonly samples: Sample[];
}

/** What this worker knows of the hosts, from what was told of them: the same as every other worker. */
export interface Board {
  /** A host that is listed, sampled or not. */
  list(host: string, facts: HostFacts): void;
  /** Puts a report in its place. Tells what has changed by it, however many reports were missed before. */
  take(report: Report): AlertChange[];
  /** Takes a host off. Returns the alerts that stood on it. */
  forget(host: string): readonly Alert[];
  /**
   * The recent past of these hosts, as much of it as an ack may carry: what is left out is the oldest. `since` gives what was taken
   * after that.
   */
  show(wanted: Wanted, now: number): { hosts: ShownHost[]; since(): Sample[] };
  standing(): Alert[];
  /** What is known of one host. */
  observed(host: string, now: number): Observed;
  /** `at` of the last sample of a host. */
  lastAt(host: string): number | undefined;
}

interface Listed {
  readonly facts: HostFacts;
  readonly ring: Ring;
  readonly standing: readonly Alert[];
  readonly lastAt: number | undefined;
}

/** Bytes of a sample as JSON, with what parts it from the next. */
const sizeInList = (sample: Sample) => sizeOf(sample) + 1;

export function createBoard(): Board {
  const listed = new Map<string, Listed>();
  const withStanding = () => [...listed.values()].flatMap(({ standing }) => standing);

  return {
    list(host, facts) {
      listed.set(host, { facts, ring: createRing(), standing: [], lastAt: undefined });
    },
    take({ sample, facts, standing, cleared }) {
      const { host, at } = sample;
      const { ring, standing: before } = listed.get(host) ?? { ring: createRing(), standing: [] };
      ring.push(sample);
      listed.set(host, { facts, ring, standing, lastAt: at });
      return changesBetween(before, standing, cleared, at);
    },
    forget(host) {
      const { standing = [] } = listed.get(host) ?? {};
      listed.delete(host);
      return standing;
    },
    show(wanted, now) {
      const shown = [...listed].filter(([host]) => covers(wanted, host)).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const places = new Map(shown.map(([host, { ring }]) => [host, ring.count]));
      const recent = shown.flatMap(([, { ring }]) => ring.recent(now)).toSorted((a, b) => a.at - b.at);
      const bare = shown.map(([host, { facts }]) => ({ host, ...facts, samples: [] as Sample[] }));
      const fitting = new Set(fittingLast(recent, ACK_BYTES - bytesOf(bare), sizeInList));
      const hosts = bare.map((host, index) => ({
        ...host,
        samples: shown[index]?.[1].ring.recent(now).filter((sample) => fitting.has(sample)) ?? [],
      }));
      return {
        hosts,
        since: () =>
          [...listed].flatMap(([host, { ring }]) => (covers(wanted, host) ? ring.since(places.get(host) ?? 0) : [])),
      };
    },
    standing: withStanding,
    observed(host, now) {
      const known = listed.get(host);
      return { samples: known?.ring.recent(now) ?? [], standing: known?.standing ?? [] };
    },
    lastAt: (host) => listed.get(host)?.lastAt,
  };
}

/** From what stands to what stood, since the report that said it may not have come. */
function changesBetween(
  before: readonly Alert[],
  standing: readonly Alert[],
  cleared: readonly Alert[],
  at: number,
): AlertChange[] {
  const levels = new Map(before.map(({ id, level }) => [id, level]));
  const ids = new Set(standing.map(({ id }) => id));
  const ended = before.filter(({ id }) => !ids.has(id));
  return [
    ...ended.map((alert) => ({
      event: "alert:cleared" as const,
      alert: cleared.find(({ id }) => id === alert.id) ?? { ...alert, at },
    })),
    ...standing
      .filter(({ id, level }) => levels.get(id) !== level)
      .map((alert) => ({ event: "alert:raised" as const, alert })),
  ];
}
