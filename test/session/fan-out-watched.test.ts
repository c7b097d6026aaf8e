import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { BUNDLE_BYTES } from "../../src/runtime/fan-out/turn.ts";
import { type Handle, Handles } from "../../src/runtime/handle.ts";
import { closesByHandle, watchChanges } from "../../src/runtime/watch-changes.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { connection, heardBy, members, tell } from "./fan-out-scene.ts";

/** Far more than the kernel holds for a peer that does not read. */
const MUCH = 64 * 1024 * 1024;

const handleOf = (stream: Socket) => new Handles().of(stream) as Handle;

/** How often a stream is watched to have changed. */
function changesOf(stream: Socket) {
  const seen = { changes: 0 };
  const isWatched = watchChanges(stream, handleOf(stream), { changing: () => void seen.changes++ });
  return Object.assign(seen, { isWatched });
}

/** A room whose members were written to before, and are known to be clear since. */
async function knownMembers(server: TestServer) {
  const room = await members(server);
  tell(server, "first");
  for (const client of room.list) await eventually(() => heardBy(client).length === 1);
  return room;
}

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error("nobody is there");
  return item;
}

/** Sends by the websocket of the first who came, past engine.io. */
function sendByWebsocket({ carillon }: TestServer, text: string): void {
  const { transport } = first([...(carillon.chat?.sockets.values() ?? [])]).conn;
  (transport as unknown as { socket: { send(text: string): void } }).socket.send(text);
}

describe("knowing of a connection that it is clear", () => {
  it("is told before a stream is written to, ended or closed, by whomever", async () => {
    const acts: Record<string, (stream: Socket) => unknown> = {
      write: (stream) => stream.write("hello"),
      end: (stream) => stream.end(),
      destroy: (stream) => stream.destroy(),
      reset: (stream) => stream.resetAndDestroy(),
    };
    for (const [name, act] of Object.entries(acts)) {
      await using ends = await connection();
      const seen = changesOf(ends.near);
      const closed = new Promise((resolve) => ends.far.once("close", resolve));
      expect(seen, name).to.deep.equal({ changes: 0, isWatched: true });
      act(ends.near);
      expect(seen.changes, name).to.be.greaterThan(0);
      // And it is done as well.
      if (name === "write") expect(String((await once(ends.far, "data"))[0])).to.equal("hello");
      else await closed;
    }
  });

  it("is not tried where somebody else has replaced what tells of it", async () => {
    for (const name of ["write", "end"] as const) {
      await using ends = await connection();
      Object.assign(ends.near, { [name]: ends.near[name].bind(ends.near) });
      expect(changesOf(ends.near).isWatched, name).to.equal(false);
    }
    await using ends = await connection();
    Object.assign(handleOf(ends.near), { close: Object.getPrototypeOf(handleOf(ends.near)).close });
    expect(changesOf(ends.near).isWatched).to.equal(false);
  });

  it("is not tried where Node closes what is below a stream in another way", () => {
    expect(closesByHandle(connect({ host: "127.0.0.1", port: 1 }))).to.equal(true);
    for (const handle of [{ close() {} }, undefined]) {
      const stream = { _handle: handle, destroy: () => stream as never };
      expect(closesByHandle(stream)).to.equal(false);
    }
  });

  it("spares a look at each connection by default, and not with `FAN_OUT=native`", async () => {
    for (const fanOut of [undefined, "native"] as const) {
      await using server = await startServer(fanOut && { fanOut });
      await using room = await knownMembers(server);
      let looks = 0;
      for (const stream of room.streams) {
        const { writableLength } = stream;
        Object.defineProperty(stream, "writableLength", { get: () => (looks++, writableLength) });
      }
      tell(server, "second");
      for (const client of room.list) await eventually(() => heardBy(client).length === 2);
      expect(looks, fanOut).to.equal(fanOut ? room.list.length : 0);
    }
  });

  it("ends with the connection: nothing is written to whoever has its descriptor then", async () => {
    await using server = await startServer();
    await using room = await knownMembers(server);
    const folder = await mkdtemp(join(tmpdir(), "carillon-watched-"));
    const stream = first(room.streams);
    const { fd } = handleOf(stream);
    stream.destroy();
    // The kernel gives the lowest that is free; else this shows nothing.
    const file = openSync(join(folder, "file"), "w");
    try {
      expect(file).to.equal(fd);
      tell(server, "a secret");
      for (const client of room.list.slice(1)) await eventually(() => heardBy(client).length === 2);
      expect(readFileSync(join(folder, "file"), "utf8")).to.equal("");
    } finally {
      closeSync(file);
      await rm(folder, { recursive: true });
    }
  });

  it("ends with what ws writes by itself: nothing gets in between that and its end while the kernel takes it bit by bit", async () => {
    await using server = await startServer({ maxBufferBytes: 2 * MUCH });
    await using room = await knownMembers(server);
    const slow = first(room.list);
    const stream = first(room.streams);
    slow.stall();
    sendByWebsocket(server, `4${"~".repeat(MUCH)}`);
    expect(stream.writableLength).to.be.greaterThan(0);
    const told: string[] = [];
    // The kernel has room then, for more of what is written already.
    slow.onRead(() => {
      if (stream.writableLength === 0) return;
      told.push(`while ${told.length}`);
      tell(server, told.at(-1) ?? "");
    });
    slow.resume();
    await eventually(() => stream.writableLength === 0);
    expect(told.length).to.be.greaterThan(0);
    tell(server, "after");
    for (const client of room.list) await eventually(() => heardBy(client).length === told.length + 2);
    const [, long = "", ...heard] = slow.heard.slice(-told.length - 3);
    expect(long.length).to.equal(MUCH + 1);
    expect(heard).to.deep.equal([...told, "after"].map((text) => `42/chat,["sample","${text}"]`));
  });

  it("ends with what engine.io is given to send, and may still hold back: what comes next follows it", async () => {
    await using server = await startServer();
    await using room = await knownMembers(server);
    const client = first(room.list);
    const { conn } = first([...(server.carillon.chat?.sockets.values() ?? [])]);
    // Of two packets that engine.io sends in a turn, the second waits for the first. What is long leaves with whatever comes after it.
    conn.send('2/chat,["sample","one"]');
    tell(server, "2".repeat(BUNDLE_BYTES + 1));
    tell(server, "three");
    conn.send('2/chat,["sample","four"]');
    tell(server, "5".repeat(BUNDLE_BYTES + 1));
    tell(server, "six");
    await eventually(() => heardBy(client).some((packet) => packet.includes("six")));
    const order = heardBy(client).map((packet) => /"sample","(\w{3})/.exec(packet)?.[1]);
    expect(order).to.deep.equal(["fir", "one", "222", "thr", "fou", "555", "six"]);
  });
});
