import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { watchCrashes } from "../kit/crashes.ts";
import { seededRandom } from "../kit/random.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually, turns } from "../kit/wait.ts";
import { AdapterWorker } from "./adapter-scene.ts";

const OPTS = { rooms: ["room:a"], except: [], flags: {} };
const PACKET = { type: 2, data: ["said", "forged"] };
const SENDER = "0123456789abcdef";

type Json = Record<string, unknown>;

/** A message that an adapter could have sent, but for what is changed. */
const message = (type: unknown, data: unknown, rest: Json = {}) =>
  JSON.stringify({ uid: SENDER, nsp: "/lounge", type, data, ...rest });

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

/** What is on no account to reach an adapter, whatever the channel. */
const GARBAGE: Readonly<Record<string, string | Buffer>> = {
  nothing: "",
  "one byte": Buffer.from([0xc1]),
  text: "hello",
  "half an object": '{"uid":',
  "an empty object": "{}",
  "a number in msgpack": Buffer.from([7]),
  "nil in msgpack": Buffer.from([0xc0]),
  "an array in msgpack": Buffer.from([0x93, 1, 2, 3]),
  "a cut map in msgpack": Buffer.from([0x84, 0xa3, 0x75, 0x69, 0x64]),
  "no sender": message(3, { opts: OPTS, packet: PACKET }, { uid: undefined }),
  "a sender that is a pattern": message(7, { opts: OPTS, requestId: "x" }, { uid: "a#b c\r\n" }),
  "a sender that is a number": message(3, { opts: OPTS, packet: PACKET }, { uid: 1 }),
  "another namespace": message(3, { opts: OPTS, packet: PACKET }, { nsp: "/other" }),
  "no type": message(undefined, { opts: OPTS, packet: PACKET }),
  "a type that is none": message(99, { opts: OPTS, packet: PACKET }),
  "a type of a heartbeat": message(1, {}),
  "a type by name": message("__proto__", {}),
  "no data": message(3, undefined),
  "null for data": message(3, null),
  "data that is an array": message(3, []),
  "no rooms": message(3, { opts: { ...OPTS, rooms: undefined }, packet: PACKET }),
  "rooms that are a text": message(3, { opts: { ...OPTS, rooms: "room:a" }, packet: PACKET }),
  "rooms that are objects": message(3, { opts: { ...OPTS, rooms: [{}] }, packet: PACKET }),
  "no exceptions": message(3, { opts: { ...OPTS, except: 7 }, packet: PACKET }),
  "flags that are null": message(3, { opts: { ...OPTS, flags: null }, packet: PACKET }),
  "no packet": message(3, { opts: OPTS }),
  "a packet that disconnects": message(3, { opts: OPTS, packet: { type: 1, data: ["said"] } }),
  "a packet without an event": message(3, { opts: OPTS, packet: { type: 2, data: [] } }),
  "a packet whose event is an object": message(3, { opts: OPTS, packet: { type: 2, data: [{}] } }),
  "a request id that is an object": message(3, { opts: OPTS, packet: PACKET, requestId: {} }),
  "rooms to enter that are none": message(4, { opts: OPTS, rooms: null }),
  "rooms to leave that are a number": message(5, { opts: OPTS, rooms: 5 }),
  "a disconnection of nobody": message(6, {}),
  "a close that is a text": message(6, { opts: OPTS, close: "yes" }),
  "a question without an id": message(7, { opts: OPTS }),
  "a server-side event without a packet": message(9, {}),
  "a server-side event without a name": message(9, { packet: [{}] }),
  "a connection that is none": message(9, { packet: ["connection", {}] }),
  "an answer without an id": message(8, { sockets: [] }),
  "an answer without sockets": message(8, { requestId: "x" }),
  "an answer whose sockets are none": message(8, { requestId: "x", sockets: [null] }),
  "an answer of a count below nothing": message(11, { requestId: "x", clientCount: -1 }),
  "an answer of a count that is a text": message(11, { requestId: "x", clientCount: "1" }),
};

describe("garbage on the adapter's channels", () => {
  let redis: RedisServer;
  let prefix: string;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());
  beforeEach(() => (prefix = `test-${randomBytes(6).toString("hex")}`));

  /** Two workers, a client on each in `room:a`, and the channels on which the second one listens. */
  async function scene() {
    const one = await AdapterWorker.start(redis.url, prefix);
    const two = await AdapterWorker.start(redis.url, prefix);
    const ann = await one.connect("room:a");
    const bob = await two.connect("room:a");
    const main = `${prefix}:io1#/lounge#`;
    const { uid } = two.namespace.adapter as unknown as { uid: string };
    return {
      one,
      two,
      bob,
      channels: [main, `${main}room:a#`, `${main}${uid}#`],
      publish: (channel: string, payload: string | Buffer) => redis.admin.spublish(channel, payload),
      /** Whether messages still pass, once all that came before has been heard. */
      async speak() {
        bob.forget();
        one.namespace.emit("said", "to all");
        one.namespace.to("room:a").emit("said", "to the room");
        await bob.event("said", (payload) => payload === "to the room");
        await bob.event("said", (payload) => payload === "to all");
        expect(await one.namespace.fetchSockets()).to.have.length(2);
      },
      async [Symbol.asyncDispose]() {
        for (const thing of [ann, bob, one, two]) await thing[Symbol.asyncDispose]();
      },
    };
  }

  it("is counted, reaches nobody and ends no process, by every channel", async () => {
    using crashes = watchCrashes();
    await using it = await scene();
    for (const channel of it.channels) {
      for (const [name, payload] of Object.entries(GARBAGE)) {
        const before = it.two.decodeErrors;
        await it.publish(channel, payload);
        await eventually(() => it.two.decodeErrors > before).catch(() => expect.fail(`${name} was not counted`));
      }
    }
    expect(it.two.decodeErrors).to.equal(it.channels.length * Object.keys(GARBAGE).length);
    expect(it.bob.all("said")).to.deep.equal([]);
    await it.speak();
    expect(crashes.seen).to.deep.equal([]);
  });

  it("may be random bytes, or a real message with bytes of it changed", async () => {
    using crashes = watchCrashes();
    await using it = await scene();
    const random = seededRandom(7);
    const real = Buffer.from(message(3, { opts: OPTS, packet: PACKET }));
    for (let n = 0; n < 600; n++) {
      const channel = it.channels[n % it.channels.length] ?? "";
      const bytes = n % 2 === 0 ? Buffer.from(real) : Buffer.alloc(1 + random.below(64));
      for (let at = 0; at < bytes.length; at++)
        if (n % 2 === 1 || random.below(40) === 0) bytes[at] = random.below(256);
      await it.publish(channel, bytes);
    }
    await it.speak();
    expect(it.two.decodeErrors).to.be.greaterThan(400);
    expect(crashes.seen).to.deep.equal([]);
  });

  it("may be of the right shape and out of measure: nested, named like a prototype, for nobody", async () => {
    using crashes = watchCrashes();
    await using it = await scene();
    const deep = message(3, { opts: OPTS, packet: { type: 2, data: ["said", "@"] } }).replace('"@"', nested(20_000));
    const strange = ["__proto__", "constructor", "hasOwnProperty", ""];
    for (const channel of it.channels) {
      await it.publish(channel, deep);
      await it.publish(channel, nested(100_000));
      await it.publish(channel, `{"uid":${nested(100_000)}}`);
      await it.publish(channel, message(3, { opts: { ...OPTS, rooms: strange, except: strange }, packet: PACKET }));
      await it.publish(channel, message(5, { opts: OPTS, rooms: strange }));
      await it.publish(channel, message(7, { opts: OPTS, requestId: "__proto__" }));
      await it.publish(channel, message(9, { packet: ["__proto__"] }));
      await it.publish(channel, message(9, { packet: ["error", "forged"] }));
      await it.publish(channel, message(9, { packet: ["nobody hears", 1], requestId: "x" }));
      await it.publish(channel, message(8, { requestId: "__proto__", sockets: [] }));
      await it.publish(channel, message(10, { requestId: "x" }));
      await it.publish(channel, message(11, { requestId: "x", clientCount: 1 }));
      await it.publish(channel, message(12, { requestId: "constructor", packet: {} }));
    }
    await it.speak();
    expect(crashes.seen).to.deep.equal([]);
  });

  it("is counted, too, where the adapter itself fails on it", async () => {
    await using it = await scene();
    const [main = ""] = it.channels;
    const deep = message(3, { opts: OPTS, packet: { type: 2, data: ["said", "@"] } }).replace('"@"', nested(20_000));
    for (const [count, payload] of [message(9, { packet: ["error", "nobody listens to it"] }), deep].entries()) {
      await it.publish(main, payload);
      await eventually(() => it.two.decodeErrors === count + 1);
    }
  });

  it("may ask for sockets whose data nothing can encode: the asker gets no answer, and nobody ends", async () => {
    using crashes = watchCrashes();
    await using it = await scene();
    for (const socket of it.two.namespace.sockets.values()) socket.data = { big: 1n };
    await it.publish(it.channels[0] ?? "", message(7, { opts: OPTS, requestId: "x" }));
    await eventually(() => it.two.logs.lines.some(({ message: text }) => text === "another worker was not answered"));
    await turns();
    expect(crashes.seen).to.deep.equal([]);
  });

  it("is warned of once, not every time: a log cannot be filled with it", async () => {
    await using it = await scene();
    for (let n = 0; n < 20; n++) await it.publish(it.channels[0] ?? "", "garbage");
    await eventually(() => it.two.decodeErrors === 20);
    expect(it.two.logs.lines.filter(({ level }) => level === "warn")).to.have.length(1);
  });
});
