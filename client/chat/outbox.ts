import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Clock } from "../../src/clock.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import { ownFailure, RequestError } from "../failure.ts";
import { createQueue, draftOf, type Item, missing } from "./outbox-queue.ts";
import type { KeptRoom, Shelf } from "./outbox-storage.ts";
import type { Pace } from "./pace.ts";

export type { OutboxStorage } from "./outbox-storage.ts";

/** What somebody writes. */
export interface Draft {
  readonly text: string;
  readonly type?: string;
  readonly data?: Record<string, unknown>;
  /** The `seq` of the message that it answers. */
  readonly replyTo?: number;
}

/**
 * A message on its way. `pending`: not yet acknowledged; it may be stored already, and is sent again under its `id` until somebody says.
 * `sent`: stored, at `seq` of `epoch`. `failed`: not stored, or nobody can say any more; `failure` says why.
 */
export interface Outgoing extends Draft {
  readonly id: string;
  readonly room: string;
  /** When it was written: epoch milliseconds by our own clock. */
  readonly createdAt: number;
  readonly state: "pending" | "sent" | "failed";
  readonly epoch?: string;
  readonly seq?: number;
  readonly failure?: Failure;
}

/** The messages of one room on their way out. */
export interface Outbox {
  /** All that is not settled, or was sent and did not come back yet; in the order in which they were written. */
  outgoing(): readonly Outgoing[];
  /**
   * Takes a copy of the draft.
   * @throws RequestError `too_large` where 100 wait already
   * @throws TypeError where JSON cannot say what is in `data`
   */
  send(draft: Draft): Outgoing;
  /**
   * How it went, also a while afterwards. A message that was discarded has failed; so has one whose writer has signed out, as far as this
   * page can say: it stays in the storage, for when that user is back. Rejects with a RangeError where there is none of this id.
   */
  settled(id: string): Promise<Outgoing>;
  /** @throws RangeError where none has failed under this id */
  retry(id: string): Outgoing;
  /**
   * Forgets a message that failed or waits. One that was on its way already may be stored: it is sent no more, but the server is still asked
   * what came of it, for whoever waits for `settled`; if it was stored, it is in the room like any other.
   */
  discard(id: string): void;
  /** The room is level with its log, in this epoch: from here on it may be sent. Each message is tied to the first epoch that it meets. */
  live(epoch: string): void;
  /** The room has shown what is stored under this id. */
  shown(id: string): void;
  /** The room has told all of the log up to here, or is past it: what is stored there will not come any more. */
  told(epoch: string, seq: number): void;
  /** Calls off what is planned; what is stored stays. */
  close(): void;
}

/** An outbox, from the side of whoever keeps it. */
export interface KeptOutbox extends Outbox {
  /**
   * The connection stands, and is this user's: what waits is sent at once, and what is kept for him. What another user has written before is
   * forgotten here, and stays in the storage.
   */
  opened(user: string, shelf: Shelf, kept?: KeptRoom): void;
  /** Nobody shows the room any longer: what was sent is done with. */
  left(): void;
  /** There is nothing left to send or to show. */
  isEmpty(): boolean;
}

export interface OutboxOptions {
  readonly channel: Pick<Channel<typeof chat>, "getSnapshot" | "request">;
  readonly room: string;
  readonly pace: Pick<Pace, "take">;
  readonly clock: Clock;
  /** The server's time. */
  serverNow(): number;
  /** Whether somebody shows the room, and will say what is `shown` and `told`. */
  isAttended(): boolean;
  /** `outgoing` may give something else. */
  changed(): void;
}

const MOST_PENDING = 100;
const RETRY_MS = { first: 1_000, most: 15_000, least: 50 };

/** Not the message's fault: it waits for a token that is taken. */
const UNSIGNED = new Set(["unauthorized", "token_expired"]);

/** An epoch that no log has: under it the server still says what it knows of an id, and stores nothing. */
const NO_EPOCH = "-";

const DISCARDED: Failure = { code: "not_found", message: "It was discarded.", retryable: false };
const FOREIGN: Failure = { code: "forbidden", message: "Another user has signed in since.", retryable: false };

/**
 * Sends one message after another, each until somebody has said what came of it, so that they are stored in the order in which they were
 * written; and under an id of its own, so that none is stored twice.
 *
 * A log that was reset has forgotten which ids it had: therefore each message goes with the epoch that it was written in, and is refused in
 * any other. A log that is trimmed forgets too: for that it goes with the time when it was first sent, by the server's clock. It may have
 * waited offline for long before, or have been written by a clock that is wrong, and neither is a reason to refuse it.
 */
export function createOutbox(options: OutboxOptions): KeptOutbox {
  const { channel, room, pace, clock, serverNow, isAttended, changed } = options;
  const queue = createQueue(room);
  let user: string | undefined;
  /** The room's epoch. */
  let known: string | undefined;
  /** Up to where the room has told everything. */
  let told = { epoch: "", seq: 0 };
  /** The request that is on its way. */
  let flying: object | undefined;
  let callOff: (() => void) | undefined;
  let tries = 0;
  let isClosed = false;

  /** Calls off what was planned, and perhaps plans something else. */
  function plan(ms?: number, then = pump): void {
    callOff?.();
    callOff = undefined;
    if (ms === undefined) return;
    callOff = clock.after(ms, () => {
      callOff = undefined;
      then();
    });
  }

  /** The oldest that waits, where it may go now. */
  function next(): Item | undefined {
    if (isClosed || flying || callOff || channel.getSnapshot().status !== "open") return undefined;
    const [item] = queue.all(true);
    return item?.epoch === undefined ? undefined : item;
  }

  function pump(): void {
    if (!next()) return;
    const waitMs = pace.take();
    if (waitMs > 0) plan(waitMs, fly);
    else fly();
  }

  function fly(): void {
    const item = next();
    if (!item) return;
    if (queue.isGone(item)) item.isDiscarded = true;
    item.triedAt ??= Math.floor(serverNow());
    // Before it goes: whoever finds it in the storage has to know since when it may be stored.
    queue.save(item);
    const own = (flying = {});
    const landed = (act: () => void) => {
      // Its writer has signed out, or all is closed.
      if (flying !== own) return;
      flying = undefined;
      act();
      tidy();
      pump();
    };
    const { message, triedAt: createdAt } = item;
    const ties = { epoch: item.isDiscarded ? NO_EPOCH : item.epoch, createdAt };
    channel.request("message:send", { id: message.id, room, ...draftOf(message), ...ties }).then(
      ({ epoch, seq }) => landed(() => settle(item, { state: "sent", epoch, seq })),
      (error: unknown) => landed(() => refused(item, failureOf(error))),
    );
  }

  function refused(item: Item, failure: Failure): void {
    const { code, retryable, retryAfterMs } = failure;
    if (!retryable && !UNSIGNED.has(code))
      return settle(item, { state: "failed", failure: item.isDiscarded ? DISCARDED : failure });
    const waitMs = retryAfterMs ?? Math.min(RETRY_MS.first * 2 ** tries++, RETRY_MS.most);
    plan(Math.max(waitMs, RETRY_MS.least) * (1 + Math.random()));
  }

  function settle(...how: Parameters<typeof queue.settle>): void {
    tries = 0;
    queue.settle(...how);
  }

  /** Drops what was settled and has nothing more to say. */
  function tidy(): void {
    for (const item of queue.all(false)) {
      const { state, epoch, seq = 0 } = item.message;
      const isPast = !isAttended() || (epoch === told.epoch && seq <= told.seq);
      if (item.isShown || item.isDiscarded || (state === "sent" && isPast)) queue.drop(item);
    }
    changed();
  }

  function send(draft: Draft): Outgoing {
    if (queue.all(true).length >= MOST_PENDING) throw new RequestError(ownFailure("too_large"));
    const { message } = queue.write(newId(), draft, clock.now(), known);
    changed();
    pump();
    return message;
  }

  return {
    outgoing: queue.visible,
    send,
    settled: queue.settled,
    retry(id) {
      const item = queue.find(id);
      if (item?.message.state !== "failed") throw missing(id);
      const message = send(item.message);
      queue.drop(item);
      changed();
      return message;
    },
    discard(id) {
      const item = queue.find(id);
      if (!item || item.message.state === "sent") return;
      item.isDiscarded = true;
      queue.save(item);
      if (item.message.state === "pending" && item.triedAt === undefined)
        queue.settle(item, { state: "failed", failure: DISCARDED });
      tidy();
      pump();
    },
    live(epoch) {
      known = epoch;
      for (const item of queue.all(true)) {
        item.epoch ??= epoch;
        queue.save(item);
      }
      pump();
    },
    shown(id) {
      const item = queue.find(id);
      if (!item) return;
      item.isShown = true;
      queue.save(item);
      tidy();
    },
    told(epoch, seq) {
      told = { epoch, seq };
      // What was stored in a log that is lost is shown by nobody.
      for (const item of queue.all(false))
        if (item.message.state === "sent" && item.message.epoch !== epoch) queue.drop(item);
      tidy();
    },
    opened(now, shelf, kept) {
      if (user !== undefined && user !== now) {
        flying = undefined;
        queue.forsake(FOREIGN);
      }
      user = now;
      queue.open(shelf, kept);
      plan();
      tries = 0;
      changed();
      pump();
    },
    left() {
      told = { epoch: "", seq: 0 };
      tidy();
    },
    isEmpty: () => queue.all(true).length + queue.all(false).length === 0,
    close() {
      isClosed = true;
      flying = undefined;
      plan();
    },
  };
}

/** What cannot even be put on the wire will not go later either. */
function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) return error.failure;
  return { code: "bad_request", message: String(error), retryable: false };
}

/** What makes sending something again safe. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
