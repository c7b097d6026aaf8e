import type { ChildProcess } from "node:child_process";
import type { Received } from "./inbox.ts";
import type { Timetable } from "./timetable.ts";
import type { Traffic } from "./traffic.ts";

/** What the processes at both ends can be told. */
export interface Orders {
  /** Sends it all. @returns how late each message was given on its way, in nanoseconds */
  send(timetable: Timetable): Promise<number[]>;
  /** Forgets what has come. */
  clear(): void;
  /** Resolves when so many have come, or none has for so long. */
  full(count: number, patienceMs: number): Promise<void>;
  received(count: number): Received;
  /** What went since the last call; of the server alone. */
  traffic(): Traffic;
}

type Told<Name extends keyof Orders> = Awaited<ReturnType<Orders[Name]>>;

interface Order {
  readonly id: number;
  readonly name: keyof Orders;
  readonly args: readonly unknown[];
}

interface Reply {
  readonly id: number;
  readonly result: unknown;
}

/** Carries out what this process is told by who started it, and ends with that one. `ready` is its answer to being started. */
export function takeOrders(orders: Partial<Orders>, ready: unknown): void {
  process.on("message", (order: Order) => {
    const carryOut = orders[order.name] as (...args: readonly unknown[]) => unknown;
    void Promise.resolve(carryOut(...order.args)).then((result) => reply({ id: order.id, result }), fail);
  });
  process.on("disconnect", () => process.exit());
  reply({ id: 0, result: ready });
}

const reply = (answer: Reply) => process.send?.(answer);

/** There is no way on from here: who started this process sees it end, and why. */
export function fail(why: unknown): never {
  console.error(why);
  process.exit(1);
}

interface Asked {
  resolve(result: unknown): void;
  reject(why: Error): void;
}

/** A process that is told what to do; calls fail when it ends. */
export class Subordinate implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<void>;
  readonly #asked = new Map<number, Asked>();
  #last = 0;
  /** What it said when it was ready. */
  readonly ready: Promise<unknown>;

  constructor(process: ChildProcess, name: string) {
    this.#process = process;
    this.#name = name;
    this.ready = this.#answerTo(0);
    process.on("message", ({ id, result }: Reply) => {
      this.#asked.get(id)?.resolve(result);
      this.#asked.delete(id);
    });
    this.#ended = new Promise((resolve) => process.once("exit", () => resolve(this.#hasEnded())));
  }

  tell<Name extends keyof Orders>(name: Name, ...args: Parameters<Orders[Name]>): Promise<Told<Name>> {
    const id = ++this.#last;
    const answer = this.#answerTo(id);
    if (this.#process.connected) this.#process.send({ id, name, args } satisfies Order);
    else this.#hasEnded();
    return answer as Promise<Told<Name>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #answerTo(id: number): Promise<unknown> {
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    // Whoever has lost interest when the process ends has not to be told.
    answer.catch(() => {});
    return answer;
  }

  #hasEnded(): void {
    for (const asked of this.#asked.values()) asked.reject(new Error(`The ${this.#name} has ended.`));
    this.#asked.clear();
  }
}
