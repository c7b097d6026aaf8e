import type { Server } from "socket.io";
import type { monitor } from "../../src/namespaces/monitor/contract.ts";
import type { Payload } from "../../src/protocol/contract.ts";
import { NO_LIMITS } from "../kit/limits.ts";
import { type Random, seededRandom } from "../kit/random.ts";

type Sample = Payload<typeof monitor, "metrics:sampled">;
type Alert = Payload<typeof monitor, "alert:raised">;

export interface MadeUpHost {
  readonly name: string;
  readonly os?: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly workers: number;
  /** How busy it is, from 0 to 1. */
  readonly busy: number;
}

/** Hosts that do not exist, shown over `/monitor` of a stock server as the contract has it. */
export interface MadeUpFleet {
  /** One more sample of each host that has not left, told to all who watch. */
  sample(at?: number): void;
  raise(alert: Omit<Alert, "id" | "at">, at?: number): void;
  leave(host: string): void;
}

export interface FleetOptions {
  readonly hosts: readonly MadeUpHost[];
  /** Epoch milliseconds of the last sample that is there at first. */
  readonly at?: number;
  /** Samples of each that are there at first. */
  readonly past?: number;
  /** A second in which nothing was sampled, by its distance from the last. */
  readonly isGap?: (secondsAgo: number) => boolean;
}

const GIB = 2 ** 30;
const INTERVAL_MS = 1000;

/** The session that every namespace opens with. */
const session = (at: number) => ({
  protocol: 1,
  server: { version: "0.0.0", worker: "made-up" },
  user: { id: "operator", name: "Operator", roles: ["monitor"] },
  limits: NO_LIMITS,
  at,
});

/** Serves it. `io` must have no `/monitor` of its own. */
export function serveFleet(io: Server, options: FleetOptions): MadeUpFleet {
  const { at = Date.now(), past = 300, isGap = () => false } = options;
  const alerts: Alert[] = [];
  const namespace = io.of("/monitor");
  const hosts = options.hosts.map((host, index) => ({ ...host, next: course(host, index), samples: [] as Sample[] }));
  const gone = new Set<string>();
  for (const host of hosts)
    for (let secondsAgo = past - 1; secondsAgo >= 0; secondsAgo--) {
      const sample = host.next(at - secondsAgo * INTERVAL_MS);
      if (!isGap(secondsAgo)) host.samples.push(sample);
    }

  namespace.on("connection", (socket) => {
    socket.emit("session:opened", session(Date.now()));
    socket.on("metrics:watch", (_input: unknown, ack: (answer: unknown) => void) => {
      const shown = hosts.map(({ name, os = "Linux 6.12", cores, memoryGiB, samples }) => ({
        host: name,
        os,
        cores,
        memoryBytes: memoryGiB * GIB,
        samples,
      }));
      ack({ ok: true, data: { intervalMs: INTERVAL_MS, hosts: shown } });
    });
    socket.on("metrics:unwatch", (_input: unknown, ack: (answer: unknown) => void) => ack({ ok: true, data: {} }));
    socket.on("alert:list", (_input: unknown, ack: (answer: unknown) => void) => ack({ ok: true, data: { alerts } }));
  });

  return {
    sample(now = Date.now()) {
      for (const { name, next, samples } of hosts) {
        if (gone.has(name)) continue;
        const sample = next(now);
        samples.push(sample);
        namespace.emit("metrics:sampled", sample);
      }
    },
    raise(alert, now = Date.now()) {
      const raised = { ...alert, id: `${alert.host}/${alert.metric}`, at: now };
      alerts.push(raised);
      namespace.emit("alert:raised", raised);
    },
    leave(host) {
      gone.add(host);
      namespace.emit("host:left", { host });
    },
  };
}

/** Hosts that differ, as many as one wants. */
export function someHosts(count: number): MadeUpHost[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `host-${String(index + 1).padStart(2, "0")}`,
    cores: 4,
    memoryGiB: 16,
    workers: 4,
    busy: 0.2 + (index % 5) * 0.12,
  }));
}

/** What a host does, sample after sample: it sways, and now and then there is a burst. The same for the same place in the fleet. */
function course(host: MadeUpHost, index: number): (at: number) => Sample {
  const { name, cores, memoryGiB, workers, busy } = host;
  const random = seededRandom(index + 1);
  const cpu = sway(random, busy * 100, 6);
  const memory = sway(random, 35 + busy * 50, 0.4);
  const received = sway(random, 400_000 * (0.5 + busy), 60_000);
  const lag = sway(random, 2 + busy * 6, 0.8);
  let passedSec = 0;
  return (at) => {
    passedSec++;
    const burst = random.percent(3) ? 12 * random.next() : 0;
    const percent = clamp(cpu() + burst * 2, 1, 100);
    const totalBytes = memoryGiB * GIB;
    const usedPercent = tenth(clamp(memory(), 5, 97));
    const rxBytesPerSec = Math.round(clamp(received(), 5_000, 5e6));
    const lagMs = clamp(lag(), 0.6, 80) + burst;
    return {
      host: name,
      at,
      cpu: { percent: tenth(percent), load1: tenth((percent / 100) * cores), cores },
      memory: { totalBytes, usedBytes: Math.round((totalBytes * usedPercent) / 100), usedPercent, scope: "host" },
      network: { rxBytesPerSec, txBytesPerSec: Math.round(rxBytesPerSec * 1.7) },
      workers: Array.from({ length: workers }, (_, place) => worker(place)),
    };

    function worker(place: number): Sample["workers"][number] {
      const share = 1 - place * 0.08;
      const chat = Math.round(320 * busy * share) + place;
      const rssBytes = Math.round((88 + 60 * busy * share + random.next()) * 2 ** 20);
      return {
        id: `${name}-${place}`,
        pid: 4_100 + index * 100 + place * 7,
        uptimeSec: 86_400 + index * 5_000 + passedSec,
        rssBytes,
        heapUsedBytes: Math.round(rssBytes * 0.45),
        cpuPercent: tenth(percent * share * 0.6),
        eventLoopLagMs: {
          p50: tenth(lagMs * share * 0.3),
          p99: tenth(lagMs * share),
          max: tenth(lagMs * share * (1.2 + random.next())),
        },
        sockets: { chat, notify: chat, monitor: place === 0 ? 2 : 0 },
        rooms: Math.round(40 * share),
        eventsPerSec: { in: tenth(chat * 0.4), out: tenth(chat * 3.1) },
      };
    }
  };
}

/** A walk that is drawn back to where it is at home. */
function sway(random: Random, home: number, step: number): () => number {
  let value = home;
  return () => (value += (home - value) * 0.08 + (random.next() - 0.5) * 2 * step);
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
const tenth = (value: number) => Math.round(value * 10) / 10;
