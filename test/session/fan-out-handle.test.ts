import { once } from "node:events";
import type { Socket } from "node:net";
import { expect } from "chai";
import { type Handle, Handles } from "../../src/runtime/handle.ts";
import { RawClient } from "../kit/raw.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { connection, emit, streamOf } from "./fan-out-scene.ts";

/** Far more than the kernel holds for a peer that does not read. */
const MUCH = 64 * 1024 * 1024;

function handleOf(handles: Handles, stream: Socket): Handle {
  const handle = handles.of(stream);
  if (!handle) throw new Error("it has none");
  return handle;
}

describe("writing by the handle below a stream", () => {
  it("sends what the kernel takes at once, in order with what is written to the stream", async () => {
    await using ends = await connection();
    const handles = new Handles();
    const handle = handleOf(handles, ends.near);
    expect(handles.write(handle, Buffer.from("one "))).to.equal("taken");
    ends.near.write("two ");
    await eventually(() => ends.near.writableLength === 0);
    expect(handles.write(handle, Buffer.from("three"))).to.equal("taken");
    let heard = "";
    ends.far.on("data", (data) => (heard += String(data)));
    await eventually(() => heard === "one two three");
  });

  it("sends what the kernel does not take as soon as it does, and tells of it; others are written to meanwhile", async () => {
    await using slow = await connection();
    await using other = await connection();
    const handles = new Handles();
    const pending = handles.write(handleOf(handles, slow.near), Buffer.alloc(MUCH, "a"));
    if (typeof pending === "string") throw new Error(`It was ${pending}`);
    let isDone = false;
    pending.oncomplete = () => (isDone = true);
    slow.near.end("the end");
    expect(handles.write(handleOf(handles, other.near), Buffer.from("hello"))).to.equal("taken");
    expect(String((await once(other.far, "data"))[0])).to.equal("hello");
    expect(isDone).to.equal(false);

    let bytes = 0;
    let last = "";
    slow.far.on("data", (data) => {
      bytes += data.length;
      last = String(data.subarray(-7));
    });
    await once(slow.far, "end");
    expect(isDone).to.equal(true);
    expect(bytes).to.equal(MUCH + 7);
    expect(last).to.equal("the end");
  });

  it("fails where the connection is gone, or breaks off while something is queued", async () => {
    await using ends = await connection();
    const handles = new Handles();
    const handle = handleOf(handles, ends.near);
    const pending = handles.write(handle, Buffer.alloc(MUCH));
    if (typeof pending === "string") throw new Error(`It was ${pending}`);
    const done = new Promise((resolve) => (pending.oncomplete = () => resolve(undefined)));
    ends.near.destroy();
    await done;
    expect(handles.write(handle, Buffer.from("late"))).to.equal("failed");
  });

  it("is not tried where the stream is none that we know, or encrypts", () => {
    const handles = new Handles();
    const stream = { write: () => true, writableLength: 0, writable: true };
    const handle = { writeBuffer: () => 0 };
    const known = { ...stream, _handle: handle };
    expect(handles.of(known)).to.equal(handle);
    expect(handles.of({ ...known, encrypted: true } as never)).to.equal(undefined);
    expect(handles.of({ ...known, _handle: {} } as never)).to.equal(undefined);
    expect(handles.of({ ...known, _handle: null } as never)).to.equal(undefined);
    expect(handles.of(stream)).to.equal(undefined);
  });

  it("is how clients are written to by default, and not with `FAN_OUT=room`", async () => {
    for (const fanOut of [undefined, "room"] as const) {
      await using server = await startServer(fanOut && { fanOut });
      await using raw = await new RawClient(server.url).open();
      await raw.enter("/chat", await server.token("ann"));
      await raw.packet((packet) => packet.includes("session:opened"));
      const [socket] = server.carillon.chat?.sockets.values() ?? [];
      if (!socket) throw new Error("nobody is there");
      const stream = streamOf(socket.conn);
      if (!stream) throw new Error("it is polling");
      let streamed = 0;
      const write = stream.write.bind(stream);
      stream.write = ((...args: Parameters<typeof write>) => {
        streamed++;
        return write(...args);
      }) as typeof write;
      emit(server, "hello");
      await raw.packet((packet) => packet.includes("hello"));
      expect(streamed, fanOut).to.equal(fanOut === "room" ? 1 : 0);
    }
  });
});
