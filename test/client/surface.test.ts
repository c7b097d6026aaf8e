import { expect } from "chai";
import { monitor, notify } from "../../client/index.ts";
import { freePort } from "../kit/port.ts";
import { open } from "./connection.ts";

/** Fails if it has something by a name that its type does not have. */
function hasOnly<T extends object>(value: T, ...names: readonly Exclude<keyof T, symbol>[]): void {
  expect(Object.keys(value)).to.have.members(names);
}

describe("what users are given", () => {
  it("has what its types say, and nothing by which one could tell others of what has not happened", async () => {
    await using connection = open({ url: `http://127.0.0.1:${await freePort()}` });
    const { chat, use } = connection;
    hasOnly(connection, "getSnapshot", "subscribe", "chat", "use", "reconnect", "close");
    hasOnly(chat, "channel", "rooms", "join", "direct", "list");
    hasOnly(chat.rooms, "getSnapshot", "subscribe");
    const { channel } = chat;
    hasOnly(channel, "getSnapshot", "subscribe", "socket", "request", "on", "now", "whenOpen", "reconnect", "close");
    const room = chat.join("lobby");
    const written = ["send", "settled", "retry", "discard", "edit", "remove"] as const;
    const moderated = ["kick", "ban", "mute", "unban", "unmute"] as const;
    const read = ["getSnapshot", "subscribe", "listen", "readMore", "markRead"] as const;
    hasOnly(room, "id", ...read, ...written, "setTyping", ...moderated, "leave", "quit");
    hasOnly(use(notify), "channel", ...read, "archive", "subscribeTo", "unsubscribeFrom");
    hasOnly(use(monitor), "channel", "watch");
    hasOnly(use(monitor).watch(), "getSnapshot", "subscribe", "listen", "stop");
  });
});
