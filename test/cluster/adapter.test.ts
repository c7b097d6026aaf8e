import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import { AdapterWorker } from "./adapter-scene.ts";

const numbers = (heard: unknown[]) => heard.filter((payload) => typeof payload === "number");

describe("what is emitted on one worker", () => {
  let redis: RedisServer;
  let prefix: string;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());
  beforeEach(() => (prefix = `test-${randomBytes(6).toString("hex")}`));

  const start = () => AdapterWorker.start(redis.url, prefix);
  /** How many connections hear what is published for a room. */
  const hearers = (room: string) => redis.admin.spublish(`${prefix}:io1#/lounge#${room}#`, "");

  it("is heard on every worker: by a room, by several, by all, and not by whoever is excepted", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await one.connect("room:a");
    await using bob = await two.connect("room:a", "room:b");
    await using cid = await two.connect("room:c");
    one.namespace.to("room:a").emit("said", 1);
    one.namespace.to(["room:a", "room:b"]).emit("said", 2);
    one.namespace.emit("said", 3);
    one.namespace.except("room:b").emit("said", 4);
    two.namespace.to("room:a").emit("said", Buffer.from("bytes"));
    await bob.event("said", (payload) => Buffer.isBuffer(payload));
    await ann.event("said", (payload) => Buffer.isBuffer(payload));
    await eventually(() => cid.all("said").length === 2);
    expect(numbers(ann.all("said"))).to.deep.equal([1, 2, 3, 4]);
    expect(numbers(bob.all("said"))).to.have.members([1, 2, 3]);
    expect(cid.all("said")).to.deep.equal([3, 4]);
    expect([one.decodeErrors, two.decodeErrors]).to.deep.equal([0, 0]);
  });

  it("is heard by its own sockets in the order of the program, also by whoever leaves in the same turn", async () => {
    await using one = await start();
    await using ann = await one.connect("room:a");
    const [socket] = [...one.namespace.sockets.values()];
    one.namespace.to("room:a").emit("said", 1);
    socket?.emit("said", 2);
    one.namespace.to("room:a").emit("said", 3);
    one.namespace.in("room:a").socketsLeave("room:a");
    one.namespace.to("room:a").emit("said", 4);
    one.namespace.socketsJoin("room:b");
    one.namespace.to("room:b").emit("said", 5);
    one.namespace.emit("said", 6);
    one.namespace.disconnectSockets();
    await eventually(() => !ann.socket.connected);
    expect(ann.all("said")).to.deep.equal([1, 2, 3, 5, 6]);
  });

  it("is heard elsewhere in the order in which it was published", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await two.connect("room:a");
    for (let n = 0; n < 500; n++) one.namespace.to("room:a").emit("said", n);
    await ann.event("said", (payload) => payload === 499);
    expect(ann.all("said")).to.deep.equal(Array.from({ length: 500 }, (_, n) => n));
  });

  it("costs a worker without sockets in that room nothing, whatever the length of its name", async () => {
    await using one = await start();
    await using two = await start();
    const long = "room:".padEnd(20, "x");
    await using ann = await one.connect("room:a", long);
    for (const room of ["room:a", long]) {
      expect(await hearers(room), room).to.equal(1);
      const spy = redis.admin.duplicate();
      const heard: string[] = [];
      await spy.ssubscribe(`${prefix}:io1#/lounge#`);
      spy.on("smessage", (_channel, payload: string) => heard.push(payload));
      one.namespace.to(room).emit("said", room);
      two.namespace.emit("said", "to all");
      await eventually(() => heard.length > 0);
      spy.disconnect();
      expect(heard, room).to.have.length(1);
      await ann.event("said", (payload) => payload === "to all");
      ann.forget();
    }
    ann.socket.disconnect();
    await eventually(async () => (await hearers("room:a")) === 0);
  });

  it("is heard by whoever has awaited its join: the subscription stands by then", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await one.connect();
    const [socket] = [...one.namespace.sockets.values()];
    for (let n = 0; n < 50; n++) {
      await socket?.join(`room:${n}`);
      two.namespace.to(`room:${n}`).emit("said", n);
    }
    await ann.event("said", (payload) => payload === 49);
    expect(ann.all("said")).to.deep.equal(Array.from({ length: 50 }, (_, n) => n));
  });

  it("is heard once by whoever left a room and entered it again at once", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await one.connect("room:a");
    const [socket] = [...one.namespace.sockets.values()];
    for (let n = 0; n < 20; n++) {
      void socket?.leave("room:a");
      await socket?.join("room:a");
    }
    two.namespace.to("room:a").emit("said", 1);
    two.namespace.emit("said", 2);
    await ann.event("said", (payload) => payload === 2);
    await eventually(async () => (await hearers("room:a")) === 1);
    expect(ann.all("said")).to.deep.equal([1, 2]);
  });

  it("moves and disconnects the sockets of all workers", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await two.connect("room:a");
    one.namespace.in("room:a").socketsJoin("room:b");
    await eventually(() => two.namespace.adapter.rooms.has("room:b"));
    one.namespace.in("room:b").socketsLeave("room:a");
    await eventually(() => !two.namespace.adapter.rooms.has("room:a"));
    one.namespace.in("room:b").disconnectSockets();
    await eventually(() => !ann.socket.connected);
  });

  it("asks the other workers for acks, sockets and answers", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await two.connect("room:a");
    await using bob = await one.connect("room:a");
    for (const [client, answer] of [
      [ann, "ann"],
      [bob, "bob"],
    ] as const)
      client.socket.on("asked", (answered: (answer: string) => void) => answered(answer));
    expect(await one.namespace.timeout(2_000).emitWithAck("asked")).to.have.members(["ann", "bob"]);
    two.namespace.on("asked", (answered: (answer: string) => void) => answered("two"));
    expect(await one.namespace.serverSideEmitWithAck("asked")).to.deep.equal(["two"]);
    expect(await one.namespace.fetchSockets()).to.have.length(2);
  });

  it("tells no other worker a token or a cookie when it is asked for its sockets", async () => {
    await using one = await start();
    await using two = await start();
    await using ann = await two.connect("room:a");
    const [remote] = await one.namespace.fetchSockets();
    expect(remote?.id).to.equal(ann.socket.id);
    expect([...(remote?.rooms ?? [])]).to.include("room:a");
    expect(JSON.stringify(remote?.handshake)).to.not.include("secret");
    expect(remote?.handshake).to.deep.include({ headers: {}, auth: {}, query: {} });
    const [own] = await two.namespace.fetchSockets();
    expect(own?.handshake.auth).to.deep.include({ token: "a secret" });
  });

  it("throws at its caller when it cannot be encoded, as it does without a cluster", async () => {
    await using one = await start();
    await using ann = await one.connect("room:a");
    expect(() => one.namespace.to("room:a").emit("said", 1n)).to.throw(TypeError);
    expect(() => one.namespace.local.emit("said", 1n)).to.throw(TypeError);
    one.namespace.serverSideEmit("said", 1n);
    one.namespace.emit("said", 1);
    await ann.event("said");
  });
});

describe("joinCluster", () => {
  it("leaves a namespace alone that its host has clustered", async () => {
    await using redis = await startRedis();
    await using worker = await AdapterWorker.start(redis.url, "test");
    const { adapter } = worker.namespace;
    const { ready, leave } = worker.join();
    await ready;
    leave();
    expect(worker.namespace.adapter).to.equal(adapter);
    expect(worker.logs.lines.map(({ message }) => message)).to.include(
      "the namespace keeps the adapter that its host has given it",
    );
  });

  it("touches no other namespace of its host", async () => {
    await using redis = await startRedis();
    await using worker = await AdapterWorker.start(redis.url, "test");
    const inMemory = worker.io.of("/").adapter;
    expect(Object.getPrototypeOf(worker.io.of("/host").adapter)).to.equal(Object.getPrototypeOf(inMemory));
    expect(Object.getPrototypeOf(worker.namespace.adapter)).to.not.equal(Object.getPrototypeOf(inMemory));
  });

  it("uses an adapter that keeps its fields elsewhere as it is, and says so", async () => {
    await using redis = await startRedis();
    await using known = await AdapterWorker.start(redis.url, "test");
    expect(known.logs.lines.filter(({ level }) => level === "warn")).to.deep.equal([]);
    const base = Object.getPrototypeOf(Object.getPrototypeOf(known.namespace.adapter)) as Record<string, unknown>;
    const { publishResponse } = base;
    delete base["publishResponse"];
    try {
      await using strange = await AdapterWorker.start(redis.url, "test");
      expect(strange.logs.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields)).to.deep.equal([
        { missing: ["publishResponse"] },
      ]);
      await using ann = await strange.connect("room:a");
      known.namespace.to("room:a").emit("said", 1);
      strange.namespace.to("room:a").emit("said", 2);
      await eventually(() => ann.all("said").length === 2);
    } finally {
      base["publishResponse"] = publishResponse;
    }
  });
});
