import { isThenable } from "../and-then.ts";
import type { Clock } from "../clock.ts";
import { type Bucket, createBucket, type Rate } from "../limits/bucket.ts";
import type { Logger } from "../logger.ts";
import type { Ack, Contract } from "../protocol/contract.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { ContractSocket } from "./caller.ts";
import type { Circumstances, Outcome } from "./dispatch.ts";
import { backlog } from "./engine.ts";
import { drained } from "./pace.ts";

/** Requests of one socket that may wait for their turn. */
const MAX_WAITING = 1_000;

/** Replies that may wait for a client before its next request is looked at. */
const REPLIES_AHEAD_BYTES = 128 * 1024;

export interface RequestsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Requests of one socket. */
  readonly rate: Rate;
  /** Counts a request as it comes in. */
  received(): void;
  answer(
    socket: ContractSocket<Contract>,
    name: unknown,
    args: readonly unknown[],
    circumstances: Circumstances,
  ): Outcome | Promise<Outcome>;
}

type Reply = (reply: Ack<unknown>) => void;

/** The requests of one socket, which take effect in the order in which they were sent. */
export class Requests {
  readonly #socket: ContractSocket<Contract>;
  readonly #options: RequestsOptions;
  readonly #bucket: Bucket;
  #waiting = 0;
  #refusals = 0;
  #refusedSince = 0;

  constructor(socket: ContractSocket<Contract>, options: RequestsOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#bucket = createBucket(options.rate, options.clock);
  }

  /** Answers a packet of the client's, as Socket.IO has decoded it; to what is sent after the session was closed there is no answer. */
  take(packet: readonly unknown[]): void {
    const { session } = this.#socket.data;
    if (session.closedBy) return;
    this.#options.received();
    const args = [...packet];
    const reply = typeof args.at(-1) === "function" ? (args.pop() as Reply) : undefined;
    const turn = this.#turn(session.underWay);
    this.#waiting++;
    const outcome = this.#options.answer(this.#socket, args.shift(), args, this.#circumstances(turn));
    if (turn || isThenable(outcome)) session.underWay = this.#answerLater(outcome, reply, turn);
    else this.#answer(outcome, reply);
  }

  #circumstances(turn: Promise<void> | undefined): Circumstances {
    return { admit: () => this.#admit(), allow: () => this.#allow(), ...(turn && { turn }) };
  }

  /** Who asks for much at once gets it as fast as it is read, and is not taken for one who does not read. */
  #turn(before: Promise<void> | undefined): Promise<void> | undefined {
    const { conn } = this.#socket;
    if (before) return before.then(() => drained(conn, REPLIES_AHEAD_BYTES));
    return backlog(conn) > REPLIES_AHEAD_BYTES ? drained(conn, REPLIES_AHEAD_BYTES) : undefined;
  }

  async #answerLater(outcome: Outcome | Promise<Outcome>, reply: Reply | undefined, turn: Promise<void> | undefined) {
    this.#answer(await outcome, reply);
    // One that was refused at once is answered before it would have been its turn, and those after it still have to wait for that.
    await turn;
    if (this.#waiting === 0) this.#socket.data.session.underWay = undefined;
  }

  #answer({ ack, after }: Outcome, reply: Reply | undefined): void {
    this.#waiting--;
    try {
      reply?.(ack);
      after?.();
    } catch (error) {
      this.#options.logger.error({ err: error }, "a reply could not be written");
    }
  }

  /** What came before the server's close and has not had its turn is refused; what a client sent before it left takes effect. */
  #allow(): void {
    const { closedBy } = this.#socket.data.session;
    if (closedBy) throw closedBy;
  }

  /** Refuses what comes too fast, and cuts whoever goes on and on. */
  #admit(): void {
    const { clock, rate } = this.#options;
    const retryAfterMs = this.#waiting > MAX_WAITING ? 1_000 : this.#bucket.take();
    if (retryAfterMs === 0) return;
    if (clock.now() - this.#refusedSince >= 1_000) [this.#refusedSince, this.#refusals] = [clock.now(), 0];
    if (++this.#refusals >= rate.burst && rate.perSec > 0)
      this.#socket.data.session.close(new CarillonError("rate_limited", { retryAfterMs: 1_000 }));
    throw new CarillonError("rate_limited", { retryAfterMs });
  }
}
