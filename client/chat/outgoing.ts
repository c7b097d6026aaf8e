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
  /** Of the log in which it is stored, or is to be: that in which it was written, or the first that it met. */
  readonly epoch?: string | undefined;
  readonly seq?: number;
  readonly failure?: Failure | undefined;
  /** When it was first sent, by the server's clock: nobody can have stored it before. */
  readonly triedAt?: number;
}

/** Whether nobody has said yet what came of it. */
export function isPending({ state }: Outgoing): boolean {
  return state === "pending";
}

/** What makes sending something again safe. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return bytes.reduce((digits, byte) => digits + byte.toString(16).padStart(2, "0"), "");
}
