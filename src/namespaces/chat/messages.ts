import { andThen } from "../../and-then.ts";
import { ACK_BYTES, fittingLast, sizeOf } from "../../log/budget.ts";
import type { Draft, Guard } from "../../log/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
import { isDirect } from "../../rooms/index.ts";
import type { User } from "../../runtime/caller.ts";
import type { Access } from "./access.ts";
import type { ChangeNotice } from "./changes.ts";
import type { ChatContext, ChatHandlers } from "./context.ts";
import { toWire } from "./wire.ts";

type Names = "message:send" | "message:edit" | "message:delete" | "history:read";

/** Writing to a room's log and reading from it. */
export function messageHandlers(context: ChatContext, access: Access, changed: ChangeNotice): ChatHandlers<Names> {
  const { roomLog, rooms, counted } = context;

  /** A refusal goes into the guard: the log answers a known id before anything else. */
  async function write(user: User, room: string, draft: Omit<Draft, "by" | "body">, guard: Guard, body: object = {}) {
    const from = { id: user.id, name: user.name };
    const { entry, duplicate } = await roomLog.append(room, { ...draft, by: user.id, body: { from, ...body } }, guard);
    if (duplicate) counted.duplicate();
    // For a duplicate too: what was to follow the first writing may have failed then.
    await show(room);
    if (!duplicate) changed(room, entry.seq, entry.at);
    return { epoch: entry.epoch, seq: entry.seq, at: entry.at, duplicate };
  }

  /** Sees to it that the room is among the rooms of those who have to see it there. */
  async function show(room: string): Promise<void> {
    // Whoever had quit a direct room is written to all the same, so it is among their rooms again.
    const pair = isDirect(room) ? await rooms.pair(room) : undefined;
    if (pair) await Promise.all(pair.map((user) => rooms.addMember(room, user)));
    else await rooms.list(room);
  }

  return {
    // In the call in which it came, where nobody has to be asked: what is sent is on its way before anything else is seen to.
    "message:send": ({ id, room, text, data, epoch, createdAt, ...body }, { user }) => {
      const draft = { id, kind: "sent", content: { text, ...(data && { data }) } };
      return andThen(access.refusal(user, "send", room), (refusal) =>
        write(user, room, draft, { refusal, epoch, createdAt }, body),
      );
    },

    "message:edit": ({ id, room, target, epoch, text }, { user }) => {
      const draft = { id, kind: "edited", content: { text }, amends: { target, how: "revise" } } as const;
      return andThen(access.refusal(user, "send", room), (refusal) =>
        write(user, room, draft, { refusal, epoch, author: user.id }),
      );
    },

    "message:delete": async ({ id, room, target, epoch }, { user }) => {
      const moderates = (await access.refusal(user, "moderate", room)) === undefined;
      const refusal = moderates ? undefined : await access.refusal(user, "enter", room);
      const draft = { id, kind: "deleted", amends: { target, how: "erase" } } as const;
      return write(user, room, draft, { refusal, epoch, ...(!moderates && { author: user.id }) });
    },

    "history:read": async ({ room, before, epoch, limit }, { user }) => {
      await access.require(user, "enter", room);
      const page = await roomLog.messages(room, { limit, ...(before !== undefined && { before }) });
      if (epoch !== undefined && epoch !== page.epoch) throw new CarillonError("conflict");
      const entries = fittingLast(page.entries, ACK_BYTES, sizeOf);
      const more = page.more || entries.length < page.entries.length;
      return { epoch: page.epoch, entries: entries.map((entry) => toWire(room, entry)), more };
    },
  };
}
