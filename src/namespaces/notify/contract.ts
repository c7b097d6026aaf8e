import { z } from "zod";
import { defineContract } from "../../protocol/contract.ts";
import { At, ClientId, Data, DurationSec, Epoch, Position, prose, Seq, Text, Topic } from "../../protocol/fields.ts";

/** An id of a notification: made by whoever published it, or by the server. */
const Id = ClientId;
/** Whoever clicks a notification follows it; an app's own scheme is fine, one that runs or shows what it holds is not. */
const Url = z
  .string()
  .min(1)
  .max(2000)
  .refine(isLink, { message: "Must be a URL or a path, and nothing that a browser would run" });
const Title = prose(200);
const Level = z.enum(["info", "success", "warning", "critical"]);

/** What somebody publishes: the one schema of every way in. */
export const Draft = z
  .object({
    id: Id.optional(),
    title: Title,
    body: Text.optional(),
    level: Level.default("info"),
    url: Url.optional(),
    data: Data.optional(),
    ttlSec: DurationSec.optional(),
  })
  .meta({ id: "NotificationDraft" });

export const Notification = z
  .object({
    id: Id,
    epoch: Epoch,
    seq: Seq,
    at: At,
    title: z.string(),
    body: z.string().optional(),
    level: Level,
    url: Url.optional(),
    data: Data.optional(),
    topic: Topic.optional(),
    expiresAt: At.optional(),
    read: z.boolean(),
  })
  .meta({ id: "Notification" });

export const Change = z
  .object({
    epoch: Epoch,
    seq: Seq,
    ids: z.array(Id).optional(),
    upTo: Seq.optional(),
    read: z.boolean().optional(),
    archived: z.boolean().optional(),
    unread: z.int(),
  })
  .meta({ id: "NotificationChange", description: "A reading or an archiving, for all of the user's devices." });

const Unread = z.object({ unread: z.int() });
const Ids = z.array(Id).min(1).max(1000);
const Topics = z.object({ topics: z.array(Topic) });
const limit = z.int().min(1).max(100).default(50);

/** What the client may answer to `notification:sent`. */
export const Receipt = z.object({ received: z.literal(true) });

/** Each user's inbox: notifications that wait for their reader, on every device. */
export const notify = defineContract({
  name: "/notify",
  docs: "Each user's inbox: notifications that wait for their reader, on every device.",
  requests: {
    "inbox:open": {
      docs: "The inbox, and what changed since a position; `since` as in `room:join`. It may repeat what this connection heard before its ack; afterwards nothing repeats.",
      input: z.object({ since: Position.optional(), limit }),
      reply: z.object({
        epoch: Epoch,
        head: Seq,
        recovered: z.boolean().nullable(),
        entries: z.array(Notification),
        changes: z.array(Change),
        unread: z.int(),
      }),
      socket: true,
    },
    "inbox:read": {
      docs: "Notifications before `seq` (or the newest), oldest first.",
      input: z.object({
        before: Seq.min(1).optional(),
        epoch: Epoch.optional(),
        limit,
        filter: z.enum(["all", "unread"]).default("all"),
      }),
      reply: z.object({ epoch: Epoch, entries: z.array(Notification), more: z.boolean(), unread: z.int() }),
    },
    "notification:read": {
      docs: "Mark notifications as read: by id, or all up to a `seq`.",
      input: z.xor([z.object({ ids: Ids }), z.object({ upTo: Seq, epoch: Epoch.optional() })]),
      reply: Unread,
    },
    "notification:archive": {
      docs: "Take notifications out of the inbox.",
      input: z.object({ ids: Ids }),
      reply: Unread,
    },
    "topic:subscribe": {
      docs: "Get the notifications of a topic from now on, on every device; `alerts` needs the role `monitor`.",
      input: z.object({ topic: Topic }),
      reply: Topics,
    },
    "topic:unsubscribe": { docs: "Get them no longer.", input: z.object({ topic: Topic }), reply: Topics },
    "topic:list": { docs: "The topics that the user is subscribed to.", input: z.object({}), reply: Topics },
  },
  events: {
    "notification:sent": {
      docs: "A new notification. The client may acknowledge it.",
      payload: Notification,
      ack: Receipt,
    },
    "notification:changed": { docs: "Notifications were read or archived on some device.", payload: Change },
  },
});

/** Read as a browser reads it: it forgives white space in a scheme, so a pattern would not do. */
function isLink(url: string): boolean {
  const base = "https://carillon.invalid";
  return URL.canParse(url, base) && !["javascript:", "data:", "vbscript:"].includes(new URL(url, base).protocol);
}
