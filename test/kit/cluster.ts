import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken, type TokenClaims } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import { freePort } from "./port.ts";
import { Proxy, type ProxyOptions } from "./proxy.ts";
import { type Random, seededRandom } from "./random.ts";
import { API_KEY, SECRET } from "./server.ts";
import { type Service, spawnService } from "./service.ts";
import { eventually } from "./wait.ts";

/** A process that is compiled as it starts, beside others on few cores, takes its time. */
const READY_MS = 30_000;

export interface ClusterOptions {
  /** Beside what every worker of a test has: tokens by `SECRET`, `API_KEY`, open rooms, no limits on rates. */
  readonly env?: Readonly<Record<string, string>>;
  /** The source of a module that every worker runs before anything else. */
  readonly preload?: string;
  /** How the balancer chooses. */
  readonly random?: Random;
  /** What the balancer does to what it carries. */
  readonly tamper?: ProxyOptions["tamper"];
}

interface Worker {
  readonly port: number;
  /** Nothing while it is down. */
  service: Service | undefined;
  /** Whether the balancer sends connections to it. */
  serves: boolean;
}

/** Carillon's workers as processes, each on a port of its own, behind a balancer that knows nothing of sessions. */
export class Cluster implements AsyncDisposable {
  /** Where unix sockets of the workers lie. */
  readonly folder: string;
  readonly #options: ClusterOptions;
  readonly #workers: readonly Worker[];
  #balancer: Proxy | undefined;
  /** What workers that are gone have printed. */
  #printed = "";
  /** Workers that ended without having been told to, with what they ended with. */
  readonly deaths: string[] = [];

  constructor(folder: string, ports: readonly number[], options: ClusterOptions) {
    this.folder = folder;
    this.#options = options;
    this.#workers = ports.map((port) => ({ port, service: undefined, serves: false }));
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Every connection to it goes to any of the workers that are up, at random. */
  get url(): string {
    return `http://127.0.0.1:${this.balancer.port}`;
  }

  /** Each worker by itself. */
  get urls(): readonly string[] {
    return this.#workers.map(({ port }) => urlOf(port));
  }

  get balancer(): Proxy {
    if (!this.#balancer) throw new Error("The cluster was not started");
    return this.#balancer;
  }

  /** Everything that any worker has printed so far. */
  output(): string {
    return this.#printed + this.#workers.map(({ service }) => service?.output() ?? "").join("");
  }

  async open(): Promise<void> {
    const { random = seededRandom(1), tamper } = this.#options;
    this.#balancer = await Proxy.start({
      ...(tamper && { tamper }),
      target: () => {
        const up = this.#workers.filter(({ serves }) => serves);
        return up[random.below(up.length)]?.port;
      },
    });
    await Promise.all(this.#workers.map((_, index) => this.start(index)));
  }

  /** Starts a worker that is down; resolves when it may take traffic. */
  async start(index: number): Promise<void> {
    const worker = this.#at(index);
    if (worker.service) throw new Error(`Worker ${index} is up`);
    const { env, preload } = this.#options;
    const service = spawnService(
      { ...WORKER_ENV, CARILLON_RUN_DIR: this.folder, ...env, PORT: String(worker.port) },
      preload,
    );
    worker.service = service;
    void service.exited.then((code) => {
      if (worker.service === service) this.deaths.push(`worker ${index} ended with ${code}`);
    });
    await eventually(async () => {
      if (hasEnded(service)) return true;
      const { status } = await fetch(`${urlOf(worker.port)}/readyz`);
      if (status !== 200) throw new Error(`Worker ${index} is not ready: ${status}\n${service.output()}`);
      return true;
    }, READY_MS);
    if (worker.service === service && hasEnded(service))
      throw new Error(`Worker ${index} ended before it was ready:\n${service.output()}`);
    worker.serves = worker.service === service;
  }

  /** `kill -9`: resolves when it is gone. */
  async kill(index: number): Promise<void> {
    const worker = this.#at(index);
    const { service } = worker;
    worker.service = undefined;
    worker.serves = false;
    if (!service) return;
    await service[Symbol.asyncDispose]();
    this.#printed += service.output();
  }

  /** Asks it to leave, and resolves with its exit code. No new connection is sent to it from now on. */
  async stop(index: number, signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals> {
    const worker = this.#at(index);
    const { service } = worker;
    if (!service) throw new Error(`Worker ${index} is down`);
    worker.service = undefined;
    worker.serves = false;
    service.process.kill(signal);
    const code = await service.exited;
    await service[Symbol.asyncDispose]();
    this.#printed += service.output();
    return code;
  }

  /** Kills it, and starts it again. */
  async restart(index: number): Promise<void> {
    await this.kill(index);
    await this.start(index);
  }

  /** The process of a worker that is up. */
  pid(index: number): number {
    return this.#at(index).service?.process.pid ?? -1;
  }

  /** A token for a user. */
  async token(id: string, claims: Omit<TokenClaims, "sub"> = {}, ttlSec = 3600): Promise<string> {
    const { token } = await signToken(SECRET, { sub: id, ...claims }, { ttlSec, clock: systemClock });
    return token;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((_, index) => this.kill(index)));
    await this.#balancer?.[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  #at(index: number): Worker {
    const worker = this.#workers[index];
    if (!worker) throw new RangeError(`There is no worker ${index}`);
    return worker;
  }
}

/** What every worker of a test is told: tokens and keys of the tests, rooms open, no limits on rates. */
export const WORKER_ENV = {
  HOST: "127.0.0.1",
  GUESTS: "off",
  JWT_SECRET: SECRET,
  API_KEYS: API_KEY,
  ROOM_ACCESS: "open",
  RATE_PER_SEC: "0",
  CONNECTS_PER_SEC: "0",
  LOG_LEVEL: "warn",
  WARM_UP_MS: "0",
};

const hasEnded = ({ process: { exitCode, signalCode } }: Service) => exitCode !== null || signalCode !== null;

const urlOf = (port: number) => `http://127.0.0.1:${port}`;

/** Starts so many workers; resolves when all are ready. More than one need a `REDIS_URL` to be one Carillon. */
export async function startCluster(count: number, options: ClusterOptions = {}): Promise<Cluster> {
  // Short: the path of a unix socket has hardly more than a hundred bytes.
  const folder = await mkdtemp(join(tmpdir(), "carillon-"));
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const cluster = new Cluster(folder, ports, options);
  try {
    await cluster.open();
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}
