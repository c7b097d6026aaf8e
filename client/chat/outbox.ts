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
