import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { WebSocket } from "ws";
import { Client, type Wire as Payload } from "../kit/client.ts";
import { opened } from "../kit/leaks.ts";
import { startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import type { Peer, RunningPeer, Target } from "./peer.ts";
import { type PeerKey, peers, tokenOf } from "./peers/index.ts";
import { wires } from "./wires/index.ts";

const MESSAGE = { id: "message-0001", room: "lobby", text: "hello" };
const ALONE = { workers: 1, redisUrl: undefined };

/** What a delivery has in it with every peer, and an epoch as long as Carillon's: they are told by payloads of the same size. */
const FIELDS = ["room", "epoch", "seq", "kind", "id", "from", "at", "text"];

/** A client of whatever peer. */
interface Member extends AsyncDisposable {
  join(room: string): Promise<unknown>;
  send(): Promise<unknown>;
  /** The first message that was told. */
  heard(): Promise<Payload>;
}

/** It fails where a payload is not of exactly the form that Carillon's contract gives it, whoever's it is. */
async function stockClient({ host, port }: Target, user: string): Promise<Member> {
  const options = { transports: ["websocket"], auth: { token: await tokenOf(user) }, query: { user } };
  const client = new Client(`http://${host}:${port}`, "/chat", options);
  return {
    join: (room) => client.request("room:join", { room }),
    async send() {
      const reply = await client.request("message:send", MESSAGE);
      expect(reply).to.have.all.keys(["epoch", "seq", "at", "duplicate"]);
    },
    heard: () => client.event("message:sent"),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

async function webSocket({ host, port }: Target, path: string) {
  const socket = new WebSocket(`ws://${host}:${port}${path}`);
  const released = opened(socket, "a websocket");
  const frames: Payload[] = [];
  socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString())));
  await once(socket, "open");
  return {
    async ask(number: number, frame = "") {
      socket.send(frame);
      const { ok } = await eventually(() => frames.find(({ ack }) => ack === number));
      expect(ok).to.equal(true);
    },
    heard: () => eventually(() => frames.find(({ message }) => message)?.message),
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.terminate();
      await closed;
      released();
    },
  };
}

async function plainClient(target: Target, user: string): Promise<Member> {
  const socket = await webSocket(target, wires.plain.path(user, []));
  const { id, room, text } = MESSAGE;
  return {
    ...socket,
    join: (name) => socket.ask(1, wires.plain.join(name, 1)),
    send: () => socket.ask(2, wires.plain.send(room, id, text, 2)),
  };
}

type Connect = (target: Target, user: string) => Promise<Member>;

/** Ann, on the first worker, sends; she and Bob, on the last, hear it. */
async function talk({ targets }: RunningPeer, connect: Connect): Promise<Payload> {
  const [first, last] = [targets[0], targets.at(-1)];
  if (!first || !last) throw new Error("There is no worker");
  await using ann = await connect(first, "ann");
  await using bob = await connect(last, "bob");
  await ann.join(MESSAGE.room);
  await bob.join(MESSAGE.room);
  await ann.send();
  const [toAnn, toBob] = [await ann.heard(), await bob.heard()];
  expect(toBob).to.deep.equal(toAnn);
  expect(toBob).to.include(MESSAGE).and.to.have.all.keys(FIELDS);
  expect(toBob.from).to.deep.equal({ id: "ann", name: "ann" });
  return toBob;
}

/** Whether it runs here; where it does not, it has said why. */
async function isHere(key: PeerKey): Promise<boolean> {
  const peer: Peer = peers[key];
  const why = await peer.missing?.();
  if (why !== undefined) expect(why).to.match(/\S{3}/);
  return why === undefined;
}

describe("peers of the benchmarks", () => {
  const inMemory = [
    ["carillon", stockClient],
    ["stock", stockClient],
    ["ws", plainClient],
    ["uws", plainClient],
  ] as const;
  for (const [key, connect] of inMemory) {
    it(`in memory: ${key} tells a room's members of a message`, async () => {
      if (!(await isHere(key))) return;
      await using running = await peers[key].start(ALONE);
      const { epoch } = await talk(running, connect);
      expect(epoch).to.have.lengthOf(12);
    });
  }

  for (const key of ["carillon-redis", "stock-sharded", "stock-streams"] as const) {
    it(`with Redis: ${key} tells members on another worker of a message`, async () => {
      if (!(await isHere(key))) return;
      await using redis = await startRedis();
      await using running = await peers[key].start({ workers: 2, redisUrl: redis.url });
      const { epoch } = await talk(running, stockClient);
      expect(epoch).to.have.lengthOf(22);
    });
  }

  it("with Redis: stock-stored tells members on another worker of a message, which it has stored", async () => {
    await using redis = await startRedis();
    await using running = await peers["stock-stored"].start({ workers: 2, redisUrl: redis.url });
    const { epoch } = await talk(running, stockClient);
    expect(epoch).to.have.lengthOf(22);
    expect(await redis.admin.xlen("room:lobby")).to.equal(1);
  });

  it("nchan tells subscribers of several rooms what is posted to one of them", async () => {
    if (!(await isHere("nchan"))) return;
    await using running = await peers.nchan.start(ALONE);
    const [target] = running.targets;
    if (!target) throw new Error("It is nowhere");
    await using bob = await webSocket(target, wires.nchan.path("bob", ["hall", "lobby"]));
    const { id, room, text } = MESSAGE;
    const body = wires.nchan.send(room, id, text, 0);
    const { status } = await fetch(`${running.publishUrl}/${room}`, { method: "POST", body });
    expect(status).to.be.oneOf([201, 202]);
    expect(await bob.heard())
      .to.include(MESSAGE)
      .and.to.have.all.keys(FIELDS);
    expect(running.processes.map(({ name }) => name)).to.deep.equal(["nginx", "worker 0"]);
  });

  it("stock only answers where it is told to", async () => {
    await using running = await peers.stock.start({ ...ALONE, env: { ECHO: "1" } });
    const [target] = running.targets;
    if (!target) throw new Error("It is nowhere");
    const { host, port } = target;
    await using client = new Client(`http://${host}:${port}`, "/chat", { transports: ["websocket"] });
    await client.request("room:join", { room: "lobby" });
    await client.request("message:send", MESSAGE);
    // Its answer is behind whatever the request before it led to.
    await client.request("typing:set", { room: "lobby", typing: false });
    expect(client.all("message:sent")).to.deep.equal([]);
  });

  it("they run on the core that they are given, and are gone when they are stopped", async () => {
    const { processes, ...running } = await peers.ws.start({ ...ALONE, cores: [0] });
    const [worker] = processes;
    if (!worker) throw new Error("There is no process");
    const folder = `/proc/${worker.pid}`;
    expect(readFileSync(`${folder}/status`, "utf8")).to.match(/^Cpus_allowed_list:\s+0$/m);
    expect(readFileSync(`${folder}/environ`, "utf8"))
      .to.include("NODE_ENV=production")
      .and.not.to.include("DEBUG");
    await running[Symbol.asyncDispose]();
    expect(existsSync(folder)).to.equal(false);
  });

  it("with Redis: ws-redis tells members on another worker of a message, and counts JSON operations where asked to", async () => {
    await using redis = await startRedis();
    await using running = await peers["ws-redis"].start({ workers: 2, redisUrl: redis.url, countJson: true });
    const begin = await running.jsonOperations?.();
    const { epoch } = await talk(running, plainClient);
    const end = await running.jsonOperations?.();
    if (!begin || !end) throw new Error("They are not counted");
    expect(epoch).to.have.lengthOf(22);
    // Two joins and a message, each answered; the message is made a frame once, for both workers.
    expect(end.parsed - begin.parsed).to.equal(3);
    expect(end.stringified - begin.stringified).to.equal(4);
  });

  it("they are one worker without Redis, and refuse to be more", async () => {
    for (const key of ["carillon", "stock", "ws", "nchan"] as const) {
      const refusal = await peers[key].start({ workers: 2, redisUrl: undefined }).then(
        () => "none",
        (error: Error) => error.name,
      );
      expect(refusal, key).to.equal("RangeError");
    }
  });
});
