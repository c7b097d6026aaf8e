import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Handles } from "../../src/runtime/handle.ts";
import { loadWriteEach } from "../../src/runtime/write-each.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { noteWrites } from "../kit/writes.ts";
import { connection, heardBy, members, tell } from "./fan-out-scene.ts";

/** Far more than the kernel holds for a peer that does not read. */
const MUCH = 64 * 1024 * 1024;

function writer() {
  const writeEach = loadWriteEach();
  if (!writeEach) throw new Error("it was not compiled: no C compiler?");
  return writeEach;
}

function descriptorsOf(...streams: Socket[]) {
  const handles = new Handles(writer());
  return { handles, list: Int32Array.from(streams, (stream) => handles.of(stream)?.fd ?? -1) };
}

describe("writing to many by one call", () => {
  it("hands the same bytes to each, and says how many the kernel took of each one's", async () => {
    await using first = await connection();
    await using stuck = await connection();
    await using last = await connection();
    const { handles, list } = descriptorsOf(first.near, stuck.near, last.near);
    // Full for good, once it is so again and again: under load, the kernel still moves what it has taken.
    let full = 0;
    await eventually(() => {
      full = handles.writeEach(list.subarray(1, 2), Buffer.alloc(MUCH))?.[0] === 0 ? full + 1 : 0;
      return full === 10;
    });
    const bytes = Buffer.from("to all of you");
    expect(handles.writeEach(Int32Array.of(-1, ...list), bytes)).to.deep.equal(
      Int32Array.of(0, bytes.length, 0, bytes.length),
    );
    for (const { far } of [first, last]) expect(String((await once(far, "data"))[0])).to.equal("to all of you");
  });

  it("says of how much less the kernel took where it does not take all", async () => {
    await using ends = await connection();
    const { handles, list } = descriptorsOf(ends.near);
    const [taken = 0] = handles.writeEach(list, Buffer.alloc(MUCH)) ?? [];
    expect(taken).to.be.within(1, MUCH - 1);
    let bytes = 0;
    ends.far.on("data", (data) => (bytes += data.length));
    await eventually(() => bytes === taken);
  });

  it("refuses what it cannot write, rather than reading past its end", () => {
    const writeEach = writer() as (...args: unknown[]) => void;
    const [fds, bytes] = [Int32Array.of(-1, -1), Buffer.from("hello")];
    for (const args of [
      [],
      [fds, bytes],
      [fds, "hello", new Int32Array(2)],
      [[-1, -1], bytes, new Int32Array(2)],
      [fds, bytes, new Int32Array(1)],
      [fds, bytes, new Uint32Array(2)],
    ])
      expect(() => writeEach(...args)).to.throw(TypeError, "writeEach takes");
  });

  it("is left where it was not compiled, or for another machine", async () => {
    expect(loadWriteEach("#native/of-nobody.node")).to.equal(undefined);
    const folder = await mkdtemp(join(tmpdir(), "carillon-native-"));
    try {
      const file = join(folder, "write-each.node");
      await writeFile(file, "\x7fELF, but of what?");
      expect(loadWriteEach(file)).to.equal(undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(new Handles().writeEach(Int32Array.of(-1), Buffer.from("hello"))).to.equal(undefined);
  });

  it("is how a room is written to by default, and not with `FAN_OUT=lone`", async () => {
    for (const fanOut of [undefined, "lone"] as const) {
      await using server = await startServer(fanOut && { fanOut });
      await using room = await members(server);
      let byHandle = 0;
      for (const { _handle: handle } of room.streams as unknown as { _handle: Record<string, () => number> }[]) {
        const { writeBuffer } = handle;
        handle["writeBuffer"] = (...args: unknown[]) => {
          byHandle++;
          return writeBuffer?.apply(handle, args as []) ?? 0;
        };
      }
      tell(server, "hello");
      for (const client of room.list) await eventually(() => heardBy(client).length === 1);
      expect(byHandle, fanOut).to.equal(fanOut === "lone" ? room.list.length : 0);
    }
  });

  it("goes on with what a slow client's kernel did not take, in order and to the byte, and lets nobody else wait", async () => {
    await using server = await startServer({ maxBufferBytes: MUCH });
    await using room = await members(server);
    const [slow, ...others] = room.list;
    const [stream] = room.streams;
    if (!slow || !stream) throw new Error("nobody is there");
    const written: number[] = [];
    noteWrites(stream, (bytes) => written.push(bytes.length));
    slow.stall();
    const texts: string[] = [];
    while (stream.writableLength === 0 && texts.length < 2_000) {
      texts.push(`${texts.length} ${randomBytes(16 * 1024).toString("hex")}`);
      tell(server, texts.at(-1) ?? "");
      await new Promise((resolve) => setImmediate(resolve));
    }
    const expected = texts.map((text) => `42/chat,["sample","${text}"]`);
    for (const client of others) await eventually(() => heardBy(client).length === texts.length);
    expect(heardBy(slow).length).to.be.lessThan(texts.length);
    slow.resume();
    await eventually(() => heardBy(slow).length === texts.length);
    for (const client of room.list) expect(heardBy(client)).to.deep.equal(expected);
    // One frame was taken in part, and the rest of it written by itself.
    expect(new Set(written).size).to.be.greaterThan(1);
  });
});
