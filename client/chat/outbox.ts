import type { Failure } from "../../src/protocol/errors.ts";

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

/** Where messages are kept that were not yet sent: the part of the Web Storage API that `localStorage` has. */
export interface OutboxStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The messages of one room on their way out. */
export interface Outbox {
  /** All that is not settled, or was sent and did not come back yet; in the order in which they were written. */
  outgoing(): readonly Outgoing[];
  /** @throws RequestError `too_large` where 100 wait already */
  send(draft: Draft): Outgoing;
  settled(id: string): Promise<Outgoing>;
  /** @throws RangeError where none has failed under this id */
  retry(id: string): Outgoing;
  discard(id: string): void;
  /** The room is level with its log, in this epoch: from here on it may be sent. Each message is tied to the first epoch that it meets. */
  live(epoch: string): void;
  /** The room has shown what is stored under this id. */
  shown(id: string): void;
  /** Calls off what is planned; what is stored stays. */
  close(): void;
}
