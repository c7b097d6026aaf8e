import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { opened } from "./leaks.ts";
import { freePort } from "./port.ts";
import { eventually } from "./wait.ts";

/** A real `redis-server` on a free port of the loopback, with a folder of its own; gone at the end of its scope. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #released: () => void;
  #process: ChildProcess | undefined;
  #admin: Redis | undefined;

  constructor(port: number, folder: string, settings: Readonly<Record<string, string>>) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.folder = folder;
    this.#settings = settings;
    this.#released = opened(this, "a redis-server");
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** A connection of the test's own. */
  get admin(): Redis {
    this.#admin ??= new Redis(this.port, { lazyConnect: true, protocol: 2, retryStrategy: () => 20 }).on(
      "error",
      () => {},
    );
    return this.#admin;
  }

  /** Starts it, also again after `kill`: with what its file holds. Resolves when it answers. */
  async start(): Promise<void> {
    const settings = { port: String(this.port), bind: "127.0.0.1", dir: this.folder, save: "", ...this.#settings };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    this.#process = spawn("redis-server", args, { stdio: "ignore" });
    await eventually(async () => (await this.admin.ping()) === "PONG", 15_000);
  }

  /** Ends it at once, with nothing written that was not. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  /** It neither answers nor closes anything until `wake`. */
  stall(): void {
    this.#process?.kill("SIGSTOP");
  }

  wake(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#admin?.disconnect();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
    this.#released();
  }
}

/** Starts one; `settings` are those of `redis.conf`. Without any it keeps nothing on disk. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "carillon-redis-"));
  const server = new RedisServer(await freePort(), folder, settings);
  await server.start();
  return server;
}
