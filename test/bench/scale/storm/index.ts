import { nowUs } from "../../load/clock.ts";
import { LatencyHistogram } from "../../load/index.ts";
import type { Histogram, LoadClient } from "../../load.ts";
import type { Target } from "../../peer.ts";
import { ReturningClient } from "./returning.ts";

const LOOK_EVERY_MS = 5;

/** What became of those whose worker was killed. */
export interface Returned {
  readonly clients: number;
  readonly back: number;
  /** From the kill until each was in all its rooms again. */
  readonly timeToBack: Histogram;
  /** Connections that were tried, those that succeeded among them. */
  readonly attempts: number;
}

/** What they had of their rooms, over both connections. */
export interface Heard {
  readonly missing: number;
  readonly doubled: number;
  /** Joins that could not go on from where the client was. */
  readonly unrecovered: number;
  /** Entries that others in the same room have had and somebody has not. */
  readonly behind: number;
  /** Entries of all rooms together. */
  readonly entries: number;
}

/** Many clients that come back when their worker is gone; all of them in this process, whose loop has to be free for them. */
export class Storm implements AsyncDisposable {
  readonly #clients: readonly ReturningClient[];
  #target: Target;
  #killedUs = 0;
  #timeToBack = new LatencyHistogram();
  #attempts = 0;

  constructor(clients: readonly LoadClient[], target: Target) {
    this.#target = target;
    this.#clients = clients.map(
      (client, index) =>
        new ReturningClient({
          client,
          localAddress: addressOf(index),
          target: () => this.#target,
          back: () => this.#timeToBack.record(nowUs() - this.#killedUs),
          tried: () => void this.#attempts++,
        }),
    );
  }

  /** So many being on their way at once. @returns how many were in their rooms in time */
  async connect(atOnce: number, withinMs: number): Promise<number> {
    const deadlineUs = nowUs() + withinMs * 1000;
    let begun = 0;
    while (this.#backCount < this.#clients.length && nowUs() < deadlineUs) {
      const there = this.#backCount;
      for (; begun < this.#clients.length && begun - there < atOnce; begun++) this.#clients[begun]?.connect();
      await pause();
    }
    return this.#backCount;
  }

  /** Their worker is gone from now on, and those who come back go to this one. */
  killed(target: Target): void {
    this.#target = target;
    this.#timeToBack = new LatencyHistogram();
    this.#attempts = 0;
    this.#killedUs = nowUs();
  }

  /** Waits until all are back, or for so long. */
  async returned(withinMs: number): Promise<Returned> {
    const clients = this.#clients.length;
    const deadlineUs = this.#killedUs + withinMs * 1000;
    while (this.#timeToBack.count < clients && nowUs() < deadlineUs) await pause();
    return { clients, back: this.#backCount, timeToBack: this.#timeToBack, attempts: this.#attempts };
  }

  /** Waits until nobody lacks anything that others in the same room have had and there are so many entries, or for so long. */
  async heard(entries: number, withinMs: number): Promise<Heard> {
    const deadlineUs = nowUs() + withinMs * 1000;
    for (;;) {
      const heard = this.#account();
      if ((heard.behind === 0 && heard.entries >= entries) || nowUs() > deadlineUs) return heard;
      await pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.leave();
    await pause();
  }

  get #backCount(): number {
    return this.#clients.reduce((count, { isBack }) => (isBack ? count + 1 : count), 0);
  }

  #account(): Heard {
    const followed = this.#clients.flatMap(({ rooms }) => [...rooms]);
    const heads = new Map<string, number>();
    for (const [room, { seq }] of followed) heads.set(room, Math.max(seq, heads.get(room) ?? 0));
    const sum = (of: (each: (typeof followed)[number]) => number) => followed.reduce((all, each) => all + of(each), 0);
    return {
      missing: sum(([, { missing }]) => missing),
      doubled: sum(([, { doubled }]) => doubled),
      unrecovered: sum(([, { unrecovered }]) => unrecovered),
      behind: sum(([room, { seq }]) => (heads.get(room) ?? 0) - seq),
      entries: [...heads.values()].reduce((all, head) => all + head, 0),
    };
  }
}

/** Of a client of its own, and none of those that the load generator uses. */
const addressOf = (index: number): string => `127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`;

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
