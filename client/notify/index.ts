import type { z } from "zod";
import type { notify as contract, Notification as NotificationSchema } from "../../src/namespaces/notify/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { askOn, openOn } from "../ask.ts";
import type { Channel } from "../channel.ts";
import { after } from "../clock.ts";
import { ownError, type RequestError } from "../failure.ts";
import { createLive, type Live } from "../live.ts";
import type { Part } from "../part.ts";
import { fill } from "../run.ts";
import { single } from "../single.ts";
import { createStream } from "../stream.ts";
import { type Change, createInbox, type Marking } from "./inbox.ts";

/** One notification, as it stands in the inbox. */
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
  readonly channel: Channel<typeof contract>;
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

/** Keeps an inbox level over a channel of `/notify`. */
function createNotify(channel: Channel<typeof contract>): Notify {
  const inbox = createInbox(() => opening.again());
  const { tell, end, ...news } = createStream<Notification>();
  let topics: readonly string[] = [];
  let callOff: (() => void) | undefined;
  const { changed, ...live } = createLive<InboxSnapshot>(() => ({ ...opening.standing(), ...inbox.now, topics }));

  /** After each change: what has expired goes, now and when its time comes. */
  function settle(): void {
    callOff?.();
    changed();
    if (channel.getSnapshot().status === "closed") return end();
    const now = channel.now();
    const next = inbox.expire(now);
    if (next < Infinity) callOff = after(next - now, settle);
  }

  channel.whenOpen(({ limits }) => inbox.limit(limits.inboxSize));
  const opening = openOn(channel, "inbox:open", {
    input: () => ({ since: inbox.since }),
    answered(reply) {
      const told = inbox.open(reply);
      settle();
      told.forEach(tell);
      // An answer carries no more than so many bytes: where it is short, that may be why.
      if (!reply.recovered && inbox.now.more && reply.entries.length < PAGE) readMore().catch(() => {});
    },
    changed: settle,
  });
  askOn<typeof contract, "topic:list">(channel.socket, "topic:list", {
    input: () => ({}),
    answered: tookTopics,
  });
  channel.on("notification:sent", (notification, receive) => {
    receive?.({ received: true });
    if (hear(notification)) tell(notification);
  });
  channel.on("notification:changed", hear);

  function hear(entry: Notification | Change): boolean {
    // What comes before the answer is in it, or comes again after it.
    if (opening.isPending) inbox.hearEarly(entry);
    const isNew = !opening.isPending && inbox.hear(entry);
    if (isNew) settle();
    return isNew;
  }

  function tookTopics(reply: { topics: readonly string[] }): void {
    topics = reply.topics.toSorted();
    changed();
  }

  /** What it was about is another log by now, and there is nothing to hear of it until something is written. */
  const request: typeof channel.request = (name, input) =>
    channel.request(name, input).catch((error: RequestError) => {
      if (error.code === "conflict") opening.again();
      throw error;
    });

  const readMore = single(async (limit: number = PAGE) => {
    await fill(inbox.page(), (asked) => request("inbox:read", { ...asked, limit }));
    settle();
  });

  async function mark(
    how: "read" | "archive",
    marking: (Marking & { epoch?: string }) | undefined = inbox.level,
  ): Promise<void> {
    if (!marking) throw ownError("unavailable");
    await request(`notification:${how}`, marking as { ids: string[] });
    inbox.mark({ ...marking, archived: how === "archive" });
    settle();
  }

  return {
    ...live,
    ...news,
    channel,
    readMore,
    markRead: (ids) => mark("read", ids === "all" ? undefined : { ids: [...ids] }),
    archive: (ids) => mark("archive", { ids: [...ids] }),
    subscribeTo: async (topic) => tookTopics(await channel.request("topic:subscribe", { topic })),
    unsubscribeFrom: async (topic) => tookTopics(await channel.request("topic:unsubscribe", { topic })),
  };
}

/** The inbox, for whoever wants it in his connection: `connection.use(notify)`. Offline it waits until there is one, as the other parts do. */
export const notify: Part<typeof contract, Notify> = { name: "notify", open: createNotify };
