import { expect } from "chai";
import { Server } from "socket.io";
import type { Client } from "../kit/client.ts";
import { keepLogs } from "../kit/logs.ts";
import type { RawClient } from "../kit/raw.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { emit, raws, watchWrites } from "./fan-out-scene.ts";
import { systemClock } from "../../src/clock.ts";
import { silent } from "../../src/logger.ts";
import { FAN_OUTS, openFanOut } from "../../src/runtime/fan-out/index.ts";

/** What a websocket's frame begins with, whole as it is: text, and the good-bye. */
const TEXT_FRAME = 0x81;
const CLOSE_FRAME = 0x88;

const samplesOf = ({ heard }: RawClient) => heard.filter((packet) => packet.includes("sample"));

/** Stock clients refuse events that no contract has, so these are listened to as what they are. */
const heardBy = ({ socket }: Client, event: string) => {
  const heard: unknown[] = [];
  socket.offAny();
  socket.on(event, (payload: unknown) => heard.push(payload));
  return heard;
};

/** What went to it as text and for certain. */
const textsOf = (client: RawClient) =>
  samplesOf(client)
    .map((packet) => packet.slice(packet.indexOf('"sample"'), -1))
    .filter((text) => !text.includes("_placeholder") && !text.includes("last"));

describe("fan-out", () => {
  it("sends all that a client is sent in a turn in one write, which all who are sent the same share", async () => {
    await using server = await startServer();
    await using clients = await raws(server, 3);
    const written = watchWrites(server);
    for (let n = 1; n <= 8; n++) emit(server, n);
    for (const client of clients.list) await eventually(() => samplesOf(client).length === 8);
    expect(written).to.have.length(3);
    expect(new Set(written.map(({ sid }) => sid)).size).to.equal(3);
    expect(new Set(written.map(({ chunk }) => chunk)).size).to.equal(1);
    for (const client of clients.list)
      expect(samplesOf(client)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `42/chat,["sample",${n}]`));
  });

  it("keeps the order of everything that a client is sent, whatever it is and whomever else it goes to", async () => {
    await using server = await startServer();
    await using clients = await raws(server, 3);
    const { chat } = server.carillon;
    const [first, second, third] = [...(chat?.sockets.values() ?? [])];
    if (!chat || !first || !second || !third) throw new Error("nobody is there");
    void first.join("sample-room");
    void third.join("sample-room");
    const told = [1, 2, 3];
    for (const n of told) {
      chat.emit("sample", `all ${n}`);
      second.emit("sample" as never, `second ${n}` as never);
      chat.to("sample-room").emit("sample", `room ${n}`);
      first.emit("sample" as never, `first ${n}` as never);
      chat.emit("sample", Buffer.from([n]));
      chat.volatile.emit("sample", `last ${n}`);
    }
    const expected = (...lines: string[]) => told.flatMap((n) => lines.map((line) => `"sample","${line} ${n}"`));
    const lines = [
      ["all", "room", "first"],
      ["all", "second"],
      ["all", "room"],
    ];
    for (const [index, client] of clients.list.entries()) {
      await eventually(() => samplesOf(client).some((packet) => packet.includes('"_placeholder":true')));
      await eventually(() => textsOf(client).length === expected(...(lines[index] ?? [])).length);
      expect(textsOf(client)).to.deep.equal(expected(...(lines[index] ?? [])));
      const order = samplesOf(client).map((packet) => (packet.includes("_placeholder") ? "binary" : "text"));
      expect(order.indexOf("binary")).to.equal(lines[index]?.length);
    }
  });

  it("writes what is pending before the goodbye of a connection that is closed in the same turn", async () => {
    await using server = await startServer();
    await using clients = await raws(server, 1);
    const [client] = clients.list;
    emit(server, "last words");
    for (const { conn } of server.carillon.chat?.sockets.values() ?? []) conn.close();
    await client?.closed();
    expect(samplesOf(client as RawClient)).to.deep.equal(['42/chat,["sample","last words"]']);
  });

  it("writes nothing behind the close frame that answers a client's own", async () => {
    await using server = await startServer();
    await using clients = await raws(server, 1);
    const [client] = clients.list;
    const written = watchWrites(server);
    const request = '42/chat,1["no such request",{}]';
    client?.sendAtOnce(request);
    await client?.ack("/chat", 1);
    expect(written).to.have.length(1);
    client?.sendAndClose(request);
    await client?.closed();
    expect(written.map(({ bytes }) => bytes[0])).to.deep.equal([TEXT_FRAME, CLOSE_FRAME]);
  });

  it("sends whole what the kernel does not take at once, to one alone and to many", async () => {
    await using server = await startServer();
    await using clients = await raws(server, 2);
    const [slow] = clients.list;
    const [socket, other] = server.carillon.chat?.sockets.values() ?? [];
    if (!slow || !socket || !other) throw new Error("nobody is there");
    slow.stall();
    const { socket: websocket } = socket.conn.transport as unknown as { socket: { bufferedAmount: number } };
    let left = 4;
    let n = 0;
    while (left > 0) {
      socket.emit("sample" as never, String(++n).padEnd(50_000, "own "));
      emit(server, String(++n).padEnd(50_000, "all "));
      other.emit("sample" as never, "x".repeat(50_000));
      await new Promise((resolve) => setImmediate(resolve));
      if (websocket.bufferedAmount > 0) left--;
    }
    slow.resume();
    await eventually(() => samplesOf(slow).length === n);
    for (const [index, packet] of samplesOf(slow).entries()) {
      const text = String(index + 1).padEnd(50_000, index % 2 === 0 ? "own " : "all ");
      expect(packet === `42/chat,["sample","${text}"]`, `packet ${index + 1}`).to.equal(true);
    }
  });

  it("tells those who listen to what goes out, as Socket.IO does", async () => {
    await using server = await startServer();
    await using clients = await raws(server, 2);
    const told: unknown[] = [];
    for (const socket of server.carillon.chat?.sockets.values() ?? [])
      socket.onAnyOutgoing((...args: unknown[]) => told.push(args));
    emit(server, 1);
    expect(told).to.deep.equal([
      ["sample", 1],
      ["sample", 1],
    ]);
    for (const client of clients.list) await eventually(() => samplesOf(client).length === 1);
  });

  it("goes the stock way where the server compresses, and over polling", async () => {
    const { createServer } = await import("node:http");
    const http = createServer();
    const io = new Server(http, { perMessageDeflate: { threshold: 0 } });
    await using server = await startServer({ io });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const port = (http.address() as { port: number }).port;
    const url = `http://127.0.0.1:${port}`;
    Object.assign(server, { url });
    try {
      await using websocket = await server.connect("/chat", "ann");
      await using polling = await server.connect("/chat", "ben", {}, { transports: ["polling"] });
      const heard = [heardBy(websocket, "sample"), heardBy(polling, "sample")];
      for (let n = 1; n <= 8; n++) emit(server, n);
      for (const each of heard) {
        await eventually(() => each.length === 8);
        expect(each).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
      }
    } finally {
      await io.close();
    }
  });

  it("tells of each packet that engine.io does not tell of, in each of its ways", async () => {
    for (const fanOut of FAN_OUTS) {
      await using server = await startServer({ fanOut: "stock" });
      await using clients = await raws(server, 2);
      let told = 0;
      const { io, chat } = server.carillon;
      const ways = openFanOut(io, { fanOut, clock: systemClock, logger: silent, sent: (packets) => (told += packets) });
      for (const { client, conn } of chat?.sockets.values() ?? []) {
        ways.adopt(client);
        conn.on("packetCreate", () => told++);
      }
      for (let n = 1; n <= 5; n++) emit(server, n);
      for (const client of clients.list) await eventually(() => samplesOf(client).length === 5);
      expect(told, fanOut).to.equal(10);
    }
  });

  it("warns and leaves all to Socket.IO where that makes other frames than it is known for", async () => {
    const io = new Server(0);
    const { logger, lines } = keepLogs();
    const adapter = io.sockets.adapter as unknown as { _encode: (packet: object, options: object) => string[] };
    const { _encode: stock } = adapter;
    Object.assign(adapter, {
      _encode: (packet: object, options: object) => stock.call(adapter, packet, options).map((text) => `${text} `),
    });
    openFanOut(io, { fanOut: "native", clock: systemClock, logger, sent() {} });
    expect(lines.map(({ level, fields }) => [level, fields["difference"]])).to.deep.equal([
      ["warn", "the frame of a broadcast"],
    ]);
    await io.close();
  });
});
