import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { badInput, CarillonError } from "../../protocol/errors.ts";
import { UserId } from "../../protocol/fields.ts";
import type { NotifyContext } from "./context.ts";
import { Draft } from "./contract.ts";
import { PUBLISHER, type Sent } from "./inbox.ts";

/** What somebody publishes. */
export type NotificationDraft = z.input<typeof Draft>;

/** What became of a notification for one recipient. */
export interface Published {
  readonly user: string;
  readonly id: string;
  readonly seq: number;
  readonly duplicate: boolean;
}

/** Where every way in ends. */
export interface Publisher {
  /**
   * Puts a notification into inboxes, whoever is named twice getting it once. The same id again changes nothing, and completes what
   * was begun.
   * @throws CarillonError `bad_request`; `conflict` if one of them has the id with other content: then none of them gets it.
   */
  toUsers(users: readonly string[], draft: NotificationDraft, topic?: string): Promise<Published[]>;
  /** The same for the subscribers that a topic has now. */
  toTopic(topic: string, draft: NotificationDraft): Promise<Published[]>;
}

/** How many inboxes are written to at a time. */
const AT_ONCE = 100;

export function createPublisher({ clock, inboxLog, topics, counted }: NotifyContext): Publisher {
  async function toUsers(users: readonly string[], draft: NotificationDraft, topic?: string): Promise<Published[]> {
    const recipients = [...new Set(users)];
    const { id = randomBytes(12).toString("base64url"), ...content } = parse(Draft, draft);
    for (const user of recipients) parse(UserId, user);
    const expiry = content.ttlSec === undefined ? {} : { expiresAt: clock.now() + content.ttlSec * 1000 };
    const sent: Sent = { ...content, ...(topic !== undefined && { topic }), ...expiry };
    const conflict = (user: string) => new CarillonError("conflict", { details: { user, id } });

    await inBatches(recipients, async (user) => {
      const known = await inboxLog.find(user, PUBLISHER, id);
      if (known && !isSame(known.body, sent)) throw conflict(user);
    });
    return inBatches(recipients, async (user) => {
      const { entry, duplicate } = await inboxLog.append(user, { id, by: PUBLISHER, kind: "sent", body: { ...sent } });
      if (duplicate) counted.duplicate();
      // Somebody has published something else under this id since we looked.
      if (duplicate && !isSame(entry.body, sent)) throw conflict(user);
      return { user, id, seq: entry.seq, duplicate };
    });
  }

  return {
    toUsers,
    toTopic: async (topic, draft) => toUsers(await topics.subscribers(topic), draft, topic),
  };
}

/** In the form in which a store would give it back: as JSON says it. */
function parse<T extends z.ZodType>(schema: T, given: z.input<T>): z.output<T> {
  const { success, data, error } = schema.safeParse(given);
  if (success) return JSON.parse(JSON.stringify(data)) as z.output<T>;
  throw badInput(error.issues);
}

/** All that was asked for; when it runs out is not: asking again later is still the same. */
function isSame(body: object, sent: Sent): boolean {
  const { expiresAt: _, ...before } = body as Sent;
  const { expiresAt: __, ...now } = sent;
  return isDeepStrictEqual(before, now);
}

async function inBatches<T>(users: readonly string[], act: (user: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let from = 0; from < users.length; from += AT_ONCE) {
    results.push(...(await Promise.all(users.slice(from, from + AT_ONCE).map(act))));
  }
  return results;
}
