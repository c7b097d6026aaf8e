import { z } from "zod";
import { defineContract } from "../../protocol/contract.ts";
import { FailureSchema } from "../../protocol/session.ts";
import {
  At,
  ClientId,
  Data,
  DurationSec,
  Epoch,
  Member,
  Position,
  Reason,
  RoomId,
  Seq,
  Text,
  UserId,
} from "../../protocol/fields.ts";

const Type = z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/);

export const Entry = z
  .object({
    room: RoomId,
    epoch: Epoch,
    seq: Seq,
    kind: z.enum(["sent", "edited", "deleted"]),
    id: ClientId,
    from: Member,
    at: At,
    type: Type.optional(),
    text: z.string().optional(),
    data: Data.optional(),
    target: Seq.optional().describe("the `seq` of the message that an edit or a deletion is about"),
    replyTo: Seq.optional(),
    editedAt: At.optional(),
    deletedAt: At.optional(),
  })
  .meta({ id: "Entry", description: "An entry of a room's log." });

const Presence = z.object({ version: z.int(), members: z.array(Member), memberCount: z.int() });

const Joined = z
  .object({
    room: RoomId,
    epoch: Epoch,
    head: Seq,
    recovered: z.boolean().nullable(),
    entries: z.array(Entry),
    marker: Seq,
    unread: z.int(),
    ...Presence.shape,
    muted: z.object({ untilAt: At.optional() }).optional().describe("the user may read but not write, for now"),
  })
  .meta({ id: "Joined" });

const Stored = z.object({ epoch: Epoch, seq: Seq, at: At, duplicate: z.boolean() });
const Nothing = z.object({});
const InRoom = z.object({ room: RoomId });
const About = z.object({ room: RoomId, user: UserId });
const Sanction = z.object({ room: RoomId, user: UserId, forSec: DurationSec.optional(), reason: Reason.optional() });
const Page = z.object({ after: RoomId.optional(), limit: z.int().min(1).max(100).default(50) });
const limit = z.int().min(1).max(300).default(50);
/** Stands beside a bare `seq`: an epoch other than the log's is `conflict`. */
const epoch = Epoch.optional();

/** Rooms: ordered logs of messages, who attends them, and who may. */
export const chat = defineContract({
  name: "/chat",
  docs: "Rooms: ordered logs of messages, who attends them, and who may.",
  requests: {
    "room:join": {
      docs: "Attend a room on this socket. Without `since`: the newest messages, folded. With `since` and all after it there: what was missed, and the rest as ordinary events before anything new. Else the newest, folded.",
      input: z.object({ room: RoomId, since: Position.optional(), limit }),
      reply: Joined,
      socket: true,
    },
    "rooms:join": {
      docs: "Attend up to 100 rooms in one go: an answer each.",
      input: z.object({
        rooms: z
          .array(z.object({ room: RoomId, since: Position.optional() }))
          .min(1)
          .max(100),
        limit,
      }),
      reply: z.object({
        rooms: z.array(
          z.discriminatedUnion("ok", [
            z.object({ ok: z.literal(true), data: Joined }),
            z.object({ ok: z.literal(false), error: FailureSchema }),
          ]),
        ),
      }),
      socket: true,
    },
    "room:leave": { docs: "This socket no longer attends the room.", input: InRoom, reply: Nothing, socket: true },
    "room:quit": { docs: "The user is no longer a member of the room, on any device.", input: InRoom, reply: Nothing },
    "room:direct": {
      docs: "The direct room with another user, made if needed; both are members.",
      input: z.object({ user: UserId }),
      reply: InRoom,
    },
    "room:mine": {
      docs: "The rooms that the caller is a member of, by room id.",
      input: Page,
      reply: z.object({
        rooms: z.array(
          z.object({
            room: RoomId,
            kind: z.enum(["room", "direct"]),
            head: Seq,
            lastAt: At,
            marker: Seq,
            unread: z.int(),
            with: UserId.optional(),
          }),
        ),
        next: RoomId.optional(),
      }),
    },
    "room:list": {
      docs: "The open rooms, by room id; none where rooms are closed.",
      input: Page,
      reply: z.object({
        rooms: z.array(z.object({ room: RoomId, memberCount: z.int(), head: Seq, lastAt: At })),
        next: RoomId.optional(),
      }),
    },
    "room:members": { docs: "Who attends the room now.", input: InRoom, reply: Presence },
    "message:send": {
      docs: "Store a message and tell everybody who attends. The same `id` again, from any device, is stored and told once: the first reply comes back with `duplicate: true`.",
      input: z.object({
        id: ClientId,
        room: RoomId,
        text: Text,
        type: Type.optional(),
        data: Data.optional(),
        replyTo: Seq.min(1).optional(),
        epoch,
        createdAt: At.optional().describe(
          "when it was written: where the log no longer reaches back so far, `too_late`",
        ),
      }),
      reply: Stored,
    },
    "message:edit": {
      docs: "Give one's own message another text. Deleted or trimmed: `not_found`.",
      input: z.object({ id: ClientId, room: RoomId, target: Seq.min(1), epoch, text: Text }),
      reply: Stored,
    },
    "message:delete": {
      docs: "Delete a message (its author, or a moderator). It and every edit of it lose their text and stay in their places.",
      input: z.object({ id: ClientId, room: RoomId, target: Seq.min(1), epoch }),
      reply: Stored,
    },
    "history:read": {
      docs: "Messages before `seq` (or the newest), folded, oldest first.",
      input: z.object({ room: RoomId, before: Seq.min(1).optional(), epoch, limit }),
      reply: z.object({ epoch: Epoch, entries: z.array(Entry), more: z.boolean() }),
    },
    "typing:set": {
      docs: "Tell all but this socket that the user types, or no longer; after 15 s it is told as false.",
      input: z.object({ room: RoomId, typing: z.boolean() }),
      reply: Nothing,
    },
    "marker:move": {
      docs: "The user has read up to `seq`. Only forward; above the head is `bad_request`.",
      input: z.object({ room: RoomId, seq: Seq, epoch }),
      reply: z.object({ seq: Seq, unread: z.int() }),
    },
    "member:add": { docs: "Make a user a member of a room (moderators).", input: About, reply: Nothing },
    "member:kick": {
      docs: "Send a user out of a room and end the membership; with `forSec`, for at least so long (moderators).",
      input: Sanction,
      reply: Nothing,
    },
    "member:ban": {
      docs: "Keep a user out of a room, until `member:unban` without `forSec` (moderators).",
      input: Sanction,
      reply: Nothing,
    },
    "member:mute": { docs: "Let a user read but not write in a room (moderators).", input: Sanction, reply: Nothing },
    "member:unban": { docs: "End a ban (moderators).", input: About, reply: Nothing },
    "member:unmute": { docs: "End a mute (moderators).", input: About, reply: Nothing },
  },
  events: {
    "message:sent": { docs: "A message.", payload: Entry },
    "message:edited": { docs: "The message at `target` has another text.", payload: Entry },
    "message:deleted": { docs: "The message at `target` is deleted.", payload: Entry },
    "room:reset": {
      docs: "The log was lost. One stays joined; all entries of the new epoch follow from `head` + 1.",
      payload: z.object({ room: RoomId, epoch: Epoch, head: Seq }),
    },
    "room:changed": {
      docs: "Something was written in a room that one is a member of but does not attend; at most once a second a room.",
      payload: z.object({ room: RoomId, head: Seq, lastAt: At }),
    },
    "room:left": {
      docs: "One is no longer a member: some device of one's own has quit, or the service has ended it.",
      payload: InRoom,
    },
    "presence:changed": {
      docs: "Who came and who went, gathered for up to 1 s. Drop changes of an older `version`.",
      payload: z.object({
        room: RoomId,
        version: z.int(),
        joined: z.array(Member),
        left: z.array(Member),
        memberCount: z.int(),
      }),
    },
    "typing:changed": {
      docs: "A user types, or no longer.",
      payload: z.object({ room: RoomId, user: UserId, typing: z.boolean() }),
    },
    "marker:moved": {
      docs: "A user has read up to `seq`.",
      payload: z.object({ room: RoomId, user: UserId, seq: Seq }),
    },
    "member:removed": {
      docs: "A user was kicked or banned.",
      payload: z.object({
        room: RoomId,
        user: UserId,
        action: z.enum(["kicked", "banned"]),
        reason: z.string().optional(),
        untilAt: At.optional(),
      }),
    },
    "member:muted": {
      docs: "A user may not write for now.",
      payload: z.object({ room: RoomId, user: UserId, untilAt: At.optional() }),
    },
    "member:unmuted": { docs: "A user may write again.", payload: About },
  },
});
