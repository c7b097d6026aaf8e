import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { CarillonError } from "../../protocol/errors.ts";
import type { NotifyContext } from "./context.ts";
import type { Draft } from "./contract.ts";
import { PUBLISHER, type Sent } from "./inbox.ts";

export type NotificationDraft = z.output<typeof Draft>;

/** What became of a notification for one recipient. */
export interface Published {
  readonly user: string;
  readonly id: string;
  readonly seq: number;
  readonly duplicate: boolean;
}

export interface Publisher {
  /**
   * Puts a notification into inboxes. The same id again changes nothing, and completes what was begun.
   * @throws CarillonError `conflict` if one of them has the id with other content; then none of them gets it.
   */
  toUsers(users: readonly string[], draft: NotificationDraft, topic?: string): Promise<Published[]>;
  /** The same for the subscribers that a topic has now. */
  toTopic(topic: string, draft: NotificationDraft): Promise<Published[]>;
}

/** How many inboxes are written to at a time. */
const AT_ONCE = 100;

export function createPublisher({ clock, inboxLog, topics, counted }: NotifyContext): Publisher {
  async function inBatches<T>(users: readonly string[], act: (user: string) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (let from = 0; from < users.length; from += AT_ONCE) {
      results.push(...(await Promise.all(users.slice(from, from + AT_ONCE).map(act))));
    }
    return results;
  }

  /** All that was asked for; when it runs out is not: asking again later is still the same. */
  function isSame(body: object, sent: Sent): boolean {
    const { expiresAt: _, ...before } = body as Sent;
    const { expiresAt: __, ...now } = sent;
    return isDeepStrictEqual(before, now);
  }

  async function toUsers(users: readonly string[], draft: NotificationDraft, topic?: string): Promise<Published[]> {
    const { id = randomBytes(12).toString("base64url"), ...content } = JSON.parse(
      JSON.stringify(draft),
    ) as NotificationDraft;
    const expiry = content.ttlSec === undefined ? {} : { expiresAt: clock.now() + content.ttlSec * 1000 };
    const sent: Sent = { ...content, ...(topic !== undefined && { topic }), ...expiry };
    const recipients = [...new Set(users)];

    await inBatches(recipients, async (user) => {
      const known = await inboxLog.find(user, PUBLISHER, id);
      if (known && !isSame(known.body, sent)) throw new CarillonError("conflict", { details: { user, id } });
    });
    return inBatches(recipients, async (user) => {
      const { entry, duplicate } = await inboxLog.append(user, { id, by: PUBLISHER, kind: "sent", body: { ...sent } });
      if (duplicate) counted.duplicate();
      if (duplicate && !isSame(entry.body, sent)) throw new CarillonError("conflict", { details: { user, id } });
      return { user, id, seq: entry.seq, duplicate };
    });
  }

  return {
    toUsers,
    toTopic: async (topic, draft) => toUsers(await topics.subscribers(topic), draft, topic),
  };
}
