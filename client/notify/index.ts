import type { z } from "zod";
import type { notify, Notification as NotificationSchema } from "../../src/namespaces/notify/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { askWhenOpen } from "../ask.ts";
import type { Channel } from "../channel.ts";
import { ownFailure, RequestError } from "../failure.ts";
import { createLive, type Live } from "../live.ts";
import { createStream } from "../stream.ts";
import { createInbox, type Heard } from "./inbox.ts";

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

/** As many as the server gives unless told. */
const PAGE = 50;

/** What `setTimeout` can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Keeps an inbox level over a channel of `/notify`. */
export function createNotify(channel: Channel<typeof notify>): Notify {
  const inbox = createInbox();
  const news = createStream<Notification>();
  let topics: readonly string[] = [];
  let paging: Promise<void> | undefined;
  let expiry: ReturnType<typeof setTimeout> | undefined;
  /** By how much the server's clock is ahead of ours. */
  let aheadMs = 0;
  const live = createLive<InboxSnapshot>(() => {
    const { held, unread, more } = inbox;
    return { ...opening.standing, notifications: held.toReversed(), unread, more, topics };
  });

  /** After each change: what has expired goes, now and when its time comes. */
  function settle(): void {
    clearTimeout(expiry);
    live.changed();
    if (channel.getSnapshot().status === "closed") return news.end();
    const now = Date.now() + aheadMs;
    // Older ones that are not held may have expired with them: only the server can count.
    if (inbox.expire(now)) opening.again();
    if (inbox.expiresAt < Infinity) expiry = setTimeout(settle, Math.min(inbox.expiresAt - now, LONGEST_MS));
  }

  function heard(how: Heard): boolean {
    if (how === "gap") opening.again();
    if (how === "new") settle();
    return how === "new";
  }

  channel.whenOpen(({ at, limits }) => {
    aheadMs = at - Date.now();
    inbox.limit(limits.inboxSize);
  });
  const opening = askWhenOpen(channel, "inbox:open", {
    input: () => (inbox.since ? { since: inbox.since } : {}),
    answered(reply) {
      const told = inbox.open(reply);
      settle();
      for (const notification of told) news.tell(notification);
      // An answer carries no more than so many bytes: where it is short, that may be why.
      if (!reply.recovered && inbox.more && reply.entries.length < PAGE) readMore().catch(() => {});
    },
    changed: settle,
  });
  askWhenOpen(channel, "topic:list", { input: () => ({}), answered: tookTopics, changed: () => {} });
  channel.on("notification:sent", (notification, receive) => {
    receive?.({ received: true });
    // What comes before the answer is in it, or comes again after it.
    if (opening.isPending) inbox.hearEarly(notification);
    else if (heard(inbox.hearSent(notification))) news.tell(notification);
  });
  channel.on("notification:changed", (change) => {
    if (opening.isPending) inbox.hearEarly(change);
    else heard(inbox.hearChanged(change));
  });

  function tookTopics(reply: { topics: readonly string[] }): void {
    topics = reply.topics.toSorted();
    live.changed();
  }

  /** What it was about is another log by now, and there is nothing to hear of it until something is written. */
  function lookAgain(error: unknown): never {
    if (error instanceof RequestError && error.code === "conflict") opening.again();
    throw error;
  }

  async function readPage(limit: number): Promise<void> {
    const page = inbox.page();
    if (!page) throw new RequestError(ownFailure("unavailable"));
    const { before, epoch } = page;
    try {
      page.add(await channel.request("inbox:read", { before, epoch, limit }).catch(lookAgain));
      settle();
    } finally {
      page.end();
    }
  }

  function readMore(limit = PAGE): Promise<void> {
    return (paging ??= readPage(limit).finally(() => (paging = undefined)));
  }

  async function markAllRead(): Promise<void> {
    const { level } = inbox;
    if (!level) throw new RequestError(ownFailure("unavailable"));
    await channel.request("notification:read", level).catch(lookAgain);
    if (inbox.level?.epoch === level.epoch) inbox.mark(level);
    settle();
  }

  settle();
  return {
    ...live,
    channel,
    listen: news.listen,
    [Symbol.asyncIterator]: () => news[Symbol.asyncIterator](),
    readMore,
    async markRead(ids) {
      if (ids === "all") return markAllRead();
      await channel.request("notification:read", { ids: [...ids] });
      inbox.mark({ ids: [...ids] });
      settle();
    },
    async archive(ids) {
      await channel.request("notification:archive", { ids: [...ids] });
      inbox.mark({ ids: [...ids], archived: true });
      settle();
    },
    subscribeTo: async (topic) => tookTopics(await channel.request("topic:subscribe", { topic })),
    unsubscribeFrom: async (topic) => tookTopics(await channel.request("topic:unsubscribe", { topic })),
  };
}
