import { expect } from "chai";
import type { Client } from "../kit/client.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { emit, watchWrites } from "./fan-out-scene.ts";

const CLIENTS = 50;
const WAYS = [["websocket"], ["polling"], ["polling", "websocket"]];
/** Every length at which a frame's header changes, and characters of one to four bytes. */
const TEXTS = ["", "short", ...[103, 104, 105, 106].map((n) => "a".repeat(n)), "é€😀\u2028".repeat(50)];
const LONG = "b".repeat(70_000);
const LAST = "last";

/** Bursts to all, to rooms that overlap and to single sockets, with binary data in between. */
function tell(server: TestServer): void {
  const { chat } = server.carillon;
  if (!chat) throw new Error("there is no chat");
  const sockets = [...chat.sockets.values()];
  for (const [index, socket] of sockets.entries()) void socket.join([`mod-2:${index % 2}`, `mod-3:${index % 3}`]);
  for (const text of TEXTS) {
    emit(server, text);
    chat.to("mod-2:0").emit("sample", text, { nested: [null, 1.5, true] });
    for (const socket of sockets.slice(0, 10)) socket.emit("sample" as never, text);
    chat.to("mod-3:1").to("mod-2:1").except("mod-3:2").emit("sample", "several");
  }
  emit(server, Buffer.from("binary"));
  emit(server, LONG);
  emit(server, LAST);
}

/** What each of fifty stock clients hears, and the bytes that each is sent over its websocket. */
async function listen(fanOut: "native" | "stock") {
  await using server = await startServer({ fanOut });
  const clients: Client[] = [];
  try {
    // One after the other, so that each has the same place in both runs.
    for (let index = 0; index < CLIENTS; index++)
      clients.push(await server.connect("/chat", `user-${index}`, {}, { transports: WAYS[index % WAYS.length] ?? [] }));
    const heard = clients.map(({ socket }) => {
      const events: unknown[][] = [];
      socket.offAny();
      socket.on("sample", (...args: unknown[]) => events.push(args));
      return events;
    });
    // The server's side of an upgrade is the last to know of it, and what it writes is looked at.
    const transportOf = ({ socket: { id } }: Client) =>
      server.carillon.chat?.sockets.get(id ?? "")?.conn.transport.name;
    for (const [index, client] of clients.entries())
      await eventually(() => transportOf(client) === WAYS[index % WAYS.length]?.at(-1));
    const written = watchWrites(server);
    tell(server);
    for (const events of heard) await eventually(() => events.at(-1)?.[0] === LAST);
    const bytes = clients.map(({ socket }) =>
      Buffer.concat(written.filter(({ sid }) => sid === socket.id).map((write) => write.bytes)),
    );
    return { heard, bytes, writes: written.length };
  } finally {
    for (const client of clients) await client[Symbol.asyncDispose]();
  }
}

describe("fan-out, beside Socket.IO's own", () => {
  it("is heard alike by 50 stock clients, is the same to the byte over websocket, and takes fewer writes", async () => {
    const [stock, ours] = [await listen("stock"), await listen("native")];
    expect(ours.heard).to.deep.equal(stock.heard);
    expect(ours.heard.every((events) => events.length > TEXTS.length)).to.equal(true);
    expect(stock.bytes.filter(({ length }) => length > 0)).to.have.length.above(CLIENTS / 2);
    for (const [index, bytes] of stock.bytes.entries())
      expect(ours.bytes[index]?.equals(bytes), `client ${index}`).to.equal(true);
    expect(ours.writes).to.be.below(stock.writes / 2);
  });
});
