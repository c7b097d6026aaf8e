import { execFile } from "node:child_process";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { expect } from "chai";
import { Server } from "socket.io";
import { io, type Socket as Client } from "socket.io-client";
import type { Clock } from "../../src/clock.ts";
import { silent } from "../../src/logger.ts";
import { monitor } from "../../src/namespaces/monitor/contract.ts";
import { monitorNamespace, type AlertRule } from "../../src/namespaces/monitor/index.ts";
import type { Alert, Sample } from "../../src/namespaces/monitor/sample.ts";
import type { Ack, ClientToServer, ServerToClient } from "../../src/protocol/contract.ts";
import type { ContractNamespace, ContractSocket, User } from "../../src/runtime/caller.ts";
import { dispatch, routesOf } from "../../src/runtime/dispatch.ts";
import { ReplyThen, type Running } from "../../src/runtime/implement.ts";
import { fakeClock, type FakeClock } from "../kit/clock.ts";
import { eventually } from "../kit/wait.ts";

type Monitor = typeof monitor;
type Watcher = Client<ServerToClient<Monitor>, ClientToServer<Monitor>>;

const user: User = { id: "ann", name: "Ann", roles: ["monitor"], rooms: [] };
const HOST = "bell";

/** Unpacks an ack that must be a success. */
function dataOf<Data>(ack: Ack<Data>): Data {
  if (!ack.ok) throw new Error(ack.error.code);
  return ack.data;
}

/** The namespace alone on a real server, so that a test holds its clock and its handlers. */
class Scene {
  readonly #http: HttpServer = createServer();
  readonly #server = new Server(this.#http);
  readonly #clients: Watcher[] = [];
  readonly namespace = this.#server.of("/monitor") as ContractNamespace<Monitor>;
  readonly running: Running<Monitor>;

  constructor(clock: Clock, alertRules?: readonly AlertRule[]) {
    const activity = {
      sockets: (name: string) => (name === "/monitor" ? this.namespace.sockets.size : 0),
      rooms: () => 0,
      events: { in: 0, out: 0 },
    };
    const context = {
      clock,
      logger: silent,
      activity,
      worker: "boot-1",
      host: HOST,
      ...(alertRules && { alertRules }),
    };
    // A definition leaves the types of its contract behind; `monitor` brings them back.
    this.running = monitorNamespace.open(context, this.namespace) as unknown as Running<Monitor>;
    const routes = routesOf(monitor, this.running.handlers, { "token:refresh": () => ({}) });
    this.namespace.on("connection", (socket) => {
      let turn = Promise.resolve();
      socket.onAny((name: unknown, ...args: unknown[]) => {
        const ack = args.pop() as (reply: unknown) => void;
        turn = turn.then(async () => {
          const outcome = await dispatch(
            routes,
            { name, args },
            () => ({ user, socket }),
            {},
            { clock, logger: silent, served() {} },
          );
          ack(outcome.ack);
          outcome.after?.();
        });
      });
      socket.on("disconnect", () => this.running.disconnected?.(socket, user));
    });
    this.#http.listen(0, "127.0.0.1");
  }

  async connect(): Promise<Watcher> {
    await eventually(() => this.#http.listening);
    const { port } = this.#http.address() as AddressInfo;
    const client: Watcher = io(`http://127.0.0.1:${port}/monitor`, { transports: ["websocket"], forceNew: true });
    this.#clients.push(client);
    await eventually(() => client.connected);
    return client;
  }

  /** The server's side of a client. */
  socketOf(client: Watcher): ContractSocket<Monitor> {
    return this.namespace.sockets.get(client.id as never)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.running.close?.();
    await this.#server.close();
  }
}

/** What a client hears, as it comes. */
function listen(client: Watcher) {
  const heard = { samples: [] as Sample[], hosts: [] as string[], alerts: [] as [string, Alert][] };
  client.on("metrics:sampled", (sample) => heard.samples.push(sample));
  client.on("host:joined", ({ host }) => heard.hosts.push(`joined ${host}`));
  client.on("host:left", ({ host }) => heard.hosts.push(`left ${host}`));
  client.on("alert:raised", (alert) => heard.alerts.push(["raised", alert]));
  client.on("alert:cleared", (alert) => heard.alerts.push(["cleared", alert]));
  return heard;
}

/** Asks to watch; the samples of the ring come first in the list, and live ones follow in the order heard. */
async function watch(client: Watcher, samples: Sample[], hosts?: string[]) {
  const ack = await new Promise<Parameters<Parameters<ClientToServer<Monitor>["metrics:watch"]>[1]>[0]>((resolve) => {
    client.emit("metrics:watch", hosts ? { hosts } : {}, (reply) => {
      if (reply.ok) samples.push(...reply.data.hosts.flatMap((each) => each.samples));
      resolve(reply);
    });
  });
  return dataOf(ack);
}

describe("/monitor, second by second", () => {
  it("samples from the first watcher to the last, and tells everybody when it begins and ends", async () => {
    const clock = fakeClock();
    await using scene = new Scene(clock);
    const [bystander, ann, bob] = [await scene.connect(), await scene.connect(), await scene.connect()];
    const heard = listen(bystander);
    await clock.advance(10_000);
    expect(clock.pending).to.equal(0);

    await watch(ann, []);
    await watch(bob, []);
    await eventually(() => heard.hosts.length === 1);
    expect(clock.pending).to.equal(1);
    dataOf(await ann.emitWithAck("metrics:unwatch", {}));
    expect(clock.pending).to.equal(1);
    bob.disconnect();
    await eventually(() => heard.hosts.length === 2);

    expect(heard.hosts).to.deep.equal([`joined ${HOST}`, `left ${HOST}`]);
    expect(clock.pending).to.equal(0);
    expect(heard.samples).to.deep.equal([]);
  });

  it("says no more to a socket that unwatches, and starts again with what the ring still holds", async () => {
    const clock = fakeClock();
    await using scene = new Scene(clock);
    const [ann, bob] = [await scene.connect(), await scene.connect()];
    const [ofAnn, ofBob] = [listen(ann), listen(bob)];
    await watch(ann, ofAnn.samples);
    await watch(bob, ofBob.samples);
    await sampled(clock, () => ofAnn.samples.length >= 1 && ofBob.samples.length >= 1);
    dataOf(await ann.emitWithAck("metrics:unwatch", {}));
    const before = ofAnn.samples.length;
    await sampled(clock, () => ofBob.samples.length >= before + 2);

    // The answer comes after whatever had been sent to Ann before it.
    dataOf(await ann.emitWithAck("alert:list", {}));
    expect(ofAnn.samples).to.have.length(before);
    ofAnn.samples.length = 0;
    await watch(ann, ofAnn.samples);
    await eventually(() => ofAnn.samples.length === ofBob.samples.length);
    expect(ofAnn.samples).to.deep.equal(ofBob.samples);
  });

  it("gives nothing of unknown hosts, samples none for their sake, and replaces a selection by the next", async () => {
    const clock = fakeClock();
    await using scene = new Scene(clock);
    const client = await scene.connect();
    const heard = listen(client);

    expect((await watch(client, heard.samples, ["drum"])).hosts).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
    expect((await watch(client, heard.samples, ["drum", HOST])).hosts.map(({ host }) => host)).to.deep.equal([HOST]);
    expect([...scene.socketOf(client).rooms]).to.have.members([client.id, "metrics:drum", `metrics:${HOST}`]);
    await sampled(clock, () => heard.samples.length >= 2);
    expect(new Set(heard.samples.map(({ at }) => at)).size).to.equal(heard.samples.length);

    await watch(client, []);
    expect([...scene.socketOf(client).rooms]).to.have.members([client.id, "metrics"]);
    expect((await watch(client, heard.samples, ["drum"])).hosts).to.deep.equal([]);
    await eventually(() => heard.hosts.length === 2);
    expect(clock.pending).to.equal(0);
  });

  it("loses and doubles nothing that is sampled while the answer is on its way", async () => {
    const clock = fakeClock();
    await using scene = new Scene(clock);
    const [ann, bob] = [await scene.connect(), await scene.connect()];
    const [ofAnn, ofBob] = [listen(ann), listen(bob)];
    await watch(ann, ofAnn.samples);
    await sampled(clock, () => ofAnn.samples.length >= 1);

    const reply = await scene.running.handlers["metrics:watch"]({}, { user, socket: scene.socketOf(bob) });
    if (!(reply instanceof ReplyThen)) throw new Error("expected something to do after the ack");
    ofBob.samples.push(...reply.data.hosts.flatMap(({ samples }) => samples));
    const inRing = ofBob.samples.length;
    await sampled(clock, () => ofAnn.samples.length >= inRing + 2);
    expect(ofBob.samples).to.have.length(inRing);
    reply.after();
    const last = ofAnn.samples.length + 1;
    await sampled(clock, () => ofAnn.samples.length >= last && ofBob.samples.length >= last);
    await eventually(() => ofAnn.samples.length === ofBob.samples.length);

    expect(ofBob.samples).to.deep.equal(ofAnn.samples);
  });

  it("does not let a socket in that has gone or unwatched before its answer was written", async () => {
    const clock = fakeClock();
    await using scene = new Scene(clock);
    const client = await scene.connect();
    const socket = scene.socketOf(client);
    const ask = async () => (await scene.running.handlers["metrics:watch"]({}, { user, socket })) as ReplyThen<unknown>;

    const overtaken = await ask();
    await scene.running.handlers["metrics:unwatch"]({}, { user, socket });
    overtaken.after();
    expect(scene.namespace.adapter.rooms.has("metrics")).to.equal(false);

    const orphaned = await ask();
    client.disconnect();
    await eventually(() => !socket.connected);
    orphaned.after();
    (await ask()).after();
    expect(scene.namespace.adapter.rooms.has("metrics")).to.equal(false);
    expect(clock.pending).to.equal(0);
  });

  it("tells alerts to everybody, watching or not, and lists those that stand", async () => {
    const clock = fakeClock();
    await using scene = new Scene(clock, [{ metric: "memory.usedPercent", warning: 0, critical: 101, forSamples: 2 }]);
    const [bystander, watcher] = [await scene.connect(), await scene.connect()];
    const heard = listen(bystander);
    await watch(watcher, []);
    expect(dataOf(await bystander.emitWithAck("alert:list", {}))).to.deep.equal({ alerts: [] });
    await sampled(clock, () => heard.alerts.length >= 1);

    const [[event, alert] = []] = heard.alerts;
    expect(event).to.equal("raised");
    expect(alert).to.include({ host: HOST, metric: "memory.usedPercent", level: "warning", threshold: 0 });
    expect(dataOf(await bystander.emitWithAck("alert:list", {}))).to.deep.equal({ alerts: [alert] });
    expect(heard.alerts).to.have.length(1);
  });

  it("loads systeminformation only when somebody watches", async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", LOADED],
      {
        cwd: new URL("../..", import.meta.url),
      },
    );

    expect(JSON.parse(stdout)).to.deep.equal({ before: false, after: true });
  });
});

/** Moves the clock second by second until what it must bring about has happened; the numbers themselves take real time. */
async function sampled(clock: FakeClock, holds: () => boolean): Promise<void> {
  await eventually(async () => {
    if (!holds()) await clock.advance(1000);
    return holds();
  });
}

/** Run in a process of its own, because nothing that was loaded can be unloaded here. */
const LOADED = `
  import { createRequire } from "node:module";
  import { Server } from "socket.io";
  import { monitorNamespace } from "./src/namespaces/monitor/index.ts";
  import { systemClock } from "./src/clock.ts";
  import { silent } from "./src/logger.ts";

  const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("/systeminformation/"));
  const activity = { sockets: () => 0, rooms: () => 0, events: { in: 0, out: 0 } };
  const context = { clock: systemClock, logger: silent, activity, worker: "boot-1" };
  const running = monitorNamespace.open(context, new Server().of("/monitor"));
  running.handlers["alert:list"]({}, {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = loaded();

  const socket = { connected: true, join() {}, leave() {}, emit() {} };
  running.handlers["metrics:watch"]({}, { socket });
  for (let turn = 0; turn < 500 && !loaded(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  console.log(JSON.stringify({ before, after: loaded() }));
  running.close();
`;
