import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Connected, Delivered, Edges, Load, LoadOptions } from "../load.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { FromLoad, Order, Replies, Reply, ToLoad } from "./messages.ts";

export { LatencyHistogram } from "./histogram.ts";

/** Compiled beside the compiled, as source beside the source. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const PROCESS = fileURLToPath(new URL(`process.${EXTENSION}`, import.meta.url));
const NO_EDGES: Edges = { begin() {}, end() {} };
/** To cut what is open and go; then it is killed. */
const LEAVE_WITHIN_MS = 5_000;

interface Asked {
  readonly edges: Edges;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
  /** What came of `edges` so far. */
  told: Promise<void>;
}

/**
 * Starts a load generator. Its clients keep the places in which they were given, over all calls of `connect`, and those are the indexes
 * of a timetable; after `cut` the first is 0 again. `acked` counts the acks that said yes. Whatever it is asked to do rejects if its
 * process ends meanwhile, and a run rejects with what `edges` threw.
 */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const load = new LoadProcess(spawn(options.core));
  try {
    await load.ask({ kind: "open", options });
  } catch (error) {
    await load[Symbol.asyncDispose]();
    throw error;
  }
  return {
    pid: load.pid,
    async connect(clients, atOnce): Promise<Connected> {
      const { timeToReady, ...connected } = await load.ask({ kind: "connect", clients, atOnce });
      return { ...connected, timeToReady: LatencyHistogram.from(timeToReady) };
    },
    async drive(timetable, warmSeconds, edges) {
      return deliveredOf(await load.ask({ kind: "drive", timetable, warmSeconds }, edges));
    },
    async echo(loop, warmSeconds, edges) {
      return deliveredOf(await load.ask({ kind: "echo", loop, warmSeconds }, edges));
    },
    async cut() {
      await load.ask({ kind: "cut" });
    },
    [Symbol.asyncDispose]: () => load[Symbol.asyncDispose](),
  };
}

/** `taskset` becomes what it starts, so that the process id is the load generator's. */
function spawn(core: number | undefined): ChildProcess {
  const loader = EXTENSION === "ts" ? ["--import", import.meta.resolve("tsx")] : [];
  const { DEBUG: _, ...env } = process.env;
  return fork(PROCESS, {
    ...(core !== undefined && { execPath: "taskset" }),
    execArgv: core === undefined ? loader : ["-c", String(core), process.execPath, ...loader],
    env,
    stdio: ["ignore", 2, 2, "ipc"],
    serialization: "advanced",
  });
}

function deliveredOf({ latency, ackLatency, ...rest }: Replies["drive"]): Delivered {
  return { ...rest, latency: LatencyHistogram.from(latency), ackLatency: LatencyHistogram.from(ackLatency) };
}

/** The other end of its IPC. */
class LoadProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #ended: Error | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: FromLoad) => this.#hear(message));
    child.once("error", (error) => this.#end(error));
    child.once("exit", (code, signal) => this.#end(new Error(`The load generator ended with ${code ?? signal}`)));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  ask<O extends Order>(order: O, edges = NO_EDGES): Promise<Replies[O["kind"]]> {
    return new Promise<Reply>((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const id = ++this.#lastId;
      this.#asked.set(id, { edges, resolve, reject, told: Promise.resolve() });
      this.#say({ id, order });
    }) as Promise<Replies[O["kind"]]>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#child, "exit");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LEAVE_WITHIN_MS);
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(timer);
  }

  #say(message: ToLoad): void {
    // A process that is gone is told of by its exit.
    this.#child.send(message, () => {});
  }

  #hear(message: FromLoad): void {
    const asked = this.#asked.get(message.id);
    if (!asked) return;
    if ("edge" in message) return this.#reach(message.id, message.edge, asked);
    this.#asked.delete(message.id);
    if ("failure" in message) return asked.reject(new Error(message.failure));
    asked.told.then(() => asked.resolve(message.reply), asked.reject);
  }

  /** Both edges are told, whatever the first came to, and at the end of the run somebody hears of what they threw. */
  #reach(id: number, edge: keyof Edges, asked: Asked): void {
    const reached = (async () => asked.edges[edge]())();
    asked.told = Promise.all([asked.told, reached]).then(() => {});
    asked.told.catch(() => {});
    const goOn = () => {
      if (edge === "begin") this.#say({ begun: id });
    };
    reached.then(goOn, goOn);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#asked.values()) reject(this.#ended);
    this.#asked.clear();
  }
}
