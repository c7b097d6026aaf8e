import type { Clock } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { Directory } from "./directory.ts";
import { paced } from "./paced.ts";

/** The table of the cluster's workers is asked for again at most so often, and waited for so long. */
const REFRESH_MS = 100;
const ANSWER_MS = 2_000;

const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+)):([1-9]\d{0,4})$/;

/** One worker of the cluster, as the table of leases has it. */
export interface KnownWorker {
  /** Its boot id. */
  readonly id: string;
  /** `host:port` at which its host is reached by others. */
  readonly advertise?: string | undefined;
}

/** The cluster's workers. The table is the last that was heard, so that it outlives an outage. */
export interface KnownWorkers {
  live(): Iterable<KnownWorker>;
  /** Asks again; may reject, or take its time, where nobody answers. */
  refresh(): Promise<unknown>;
}

/** Where a worker is reached: by its socket on this host, or by way of another host. */
export type Route =
  | { readonly by: "socket"; readonly path: string }
  | { readonly by: "host"; readonly host: string; readonly port: number };

export interface Owners {
  /** The way to a worker, or nothing where it is known to nobody: then its sessions are over. */
  find(owner: string, mayLeaveHost: boolean): Promise<Route | undefined>;
}

export interface OwnersOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly workers?: KnownWorkers | undefined;
  /** This host's own, at which nobody on it has to be looked for. */
  readonly advertise?: string | undefined;
}

/** Looks at what is known already, and only then into the folder and at the cluster's table. */
export function createOwners({ directory, clock, workers, advertise }: OwnersOptions): Owners {
  const refresh =
    workers && paced(() => within(clock, ANSWER_MS, () => workers.refresh()).then(nothing, nothing), REFRESH_MS, clock);

  const onThisHost = (owner: string): Route | undefined =>
    directory.has(owner) ? { by: "socket", path: directory.socketOf(owner) } : undefined;

  function onAnotherHost(owner: string): Route | undefined {
    for (const worker of workers?.live() ?? [])
      if (worker.id === owner && worker.advertise !== advertise) return routeTo(worker.advertise ?? "");
  }

  return {
    async find(owner, mayLeaveHost) {
      const known = onThisHost(owner) ?? (mayLeaveHost ? onAnotherHost(owner) : undefined);
      if (known) return known;
      await directory.refresh();
      const appeared = onThisHost(owner);
      if (appeared || !mayLeaveHost) return appeared;
      await refresh?.();
      return onAnotherHost(owner);
    },
  };
}

/** Reads `host:port` or `[address]:port`. */
export function routeTo(advertise: string): Extract<Route, { by: "host" }> | undefined {
  const [, address, name, port] = HOST_AND_PORT.exec(advertise) ?? [];
  const host = address ?? name;
  return host === undefined || Number(port) > 65_535 ? undefined : { by: "host", host, port: Number(port) };
}

function nothing(): void {}
