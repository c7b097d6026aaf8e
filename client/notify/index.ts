import type { z } from "zod";
import type { notify, Notification as NotificationSchema } from "../../src/namespaces/notify/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import type { Live } from "../live.ts";

export type Notification = z.output<typeof NotificationSchema>;

/** An inbox as it stands, on all of the user's devices. */
export interface InboxSnapshot {
  /** `opening`: not yet level, or there is no connection; what is here is what was last known. */
  readonly status: "opening" | "live" | "refused";
  readonly failure?: Failure;
  /** Newest first, without archived and expired ones. */
  readonly notifications: readonly Notification[];
  readonly unread: number;
  /** There are older ones to be read. */
  readonly more: boolean;
  /** The topics that one is subscribed to, by name. */
  readonly topics: readonly string[];
}

/**
 * One's inbox. It stays right by itself: each notification comes once, in order, over cuts, dead workers and lost logs, and what one device reads
 * or archives is read or archived here. Receipts are sent by itself.
 *
 * As a live value it is an `InboxSnapshot`; as an async iterable it gives new notifications, as `listen` does.
 */
export interface Notify extends Live<InboxSnapshot>, AsyncIterable<Notification> {
  /** The namespace: how its connection is, and requests that have no method here. */
  readonly channel: Channel<typeof notify>;
  /** Tells of each new notification once; those that came while one was away are told when one is back. @returns what ends it. */
  listen(hear: (notification: Notification) => void): () => void;
  /** Reads up to `limit` older ones (1 to 100; 50 unless given) into the snapshot. Offline: `unavailable` at once. @throws RequestError */
  readMore(limit?: number): Promise<void>;
  /** Marks as read: some, or all there are. Offline: `unavailable` at once. Trying again is safe. @throws RequestError */
  markRead(ids: readonly string[] | "all"): Promise<void>;
  /** Takes them out of the inbox. Offline: `unavailable` at once. Trying again is safe. @throws RequestError */
  archive(ids: readonly string[]): Promise<void>;
  /** Gets the notifications of a topic from now on, on every device. Offline: `unavailable` at once. @throws RequestError */
  subscribeTo(topic: string): Promise<void>;
  /** Gets them no longer. Offline: `unavailable` at once. @throws RequestError */
  unsubscribeFrom(topic: string): Promise<void>;
}
