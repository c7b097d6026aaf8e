import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { createIngest, type Ingested } from "../../src/ingest/index.ts";
import type { Log } from "../../src/log/index.ts";
import { loadInbox } from "../../src/namespaces/notify/inbox.ts";
import { createPublisher, type Publisher } from "../../src/namespaces/notify/publish.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { memoryStores } from "../../src/stores.ts";
import { opened } from "../kit/leaks.ts";
import { openLink } from "../kit/link.ts";
import { keepLogs } from "../kit/logs.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";

const ABANDONED_MS = 300;

/** Inboxes, and the workers that put into them what comes in by Redis. */
class Scene implements AsyncDisposable {
  readonly prefix = `test-${randomBytes(6).toString("hex")}`;
  readonly stream = `${this.prefix}:notifications`;
  readonly lease = `{${this.stream}}:lease`;
  readonly server: RedisServer;
  readonly outcomes: Ingested[] = [];
  readonly logs = keepLogs();
  /** What writing into an inbox is refused with, if it is. */
  refusal: CarillonError | undefined;
  readonly #log: Log;
  readonly #publisher: Publisher;
  readonly #workers: Worker[] = [];
  readonly #released = opened(this, "workers that ingest");

  constructor(server: RedisServer) {
    this.server = server;
    const clock = systemClock;
    const stores = memoryStores({ clock, historySize: 1, historyTtlSec: 3600, inboxSize: 10_000 });
    const counted = { duplicate() {}, delivered() {}, badReceipt() {}, gapRepaired() {} };
    this.#log = stores.inboxLog;
    this.#publisher = createPublisher({ ...stores, clock, logger: this.logs.logger, counted });
  }

  worker(id: string): Worker {
    const { logger } = this.logs;
    const link = openLink(this.server.url, this.prefix, { logger });
    const ingest = createIngest({
      link,
      worker: id,
      clock: systemClock,
      logger,
      abandonedMs: ABANDONED_MS,
      counted: { ingested: (outcome) => void this.outcomes.push(outcome) },
      publisher: {
        toUsers: async (users, draft) => {
          if (this.refusal) throw this.refusal;
          return this.#publisher.toUsers(users, draft);
        },
      },
    });
    const worker = new Worker(id, link, ingest);
    this.#workers.push(worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) await worker.close();
    this.#released();
  }

  /** Until one of them hears what is published. */
  async hearing(): Promise<string> {
    return eventually(async () => {
      const clients = String(await this.server.admin.call("CLIENT", "LIST"));
      const holder = await this.server.admin.get(this.lease);
      return clients.includes("psub=1") && holder?.split(" ")[1];
    });
  }

  publish(user: string, text: string | object): Promise<number> {
    return this.server.admin.publish(`notifications:${user}`, typeof text === "string" ? text : JSON.stringify(text));
  }

  add(to: string, notification: object | string, id = "*"): Promise<string | null> {
    const text = typeof notification === "string" ? notification : JSON.stringify(notification);
    return this.server.admin.xadd(this.stream, id, "to", to, "notification", text);
  }

  async titles(user: string): Promise<unknown[]> {
    const { items } = await loadInbox(this.#log, user);
    return [...items.values()].map(({ entry }) => entry.body["title"]);
  }

  async ids(user: string): Promise<string[]> {
    return [...(await loadInbox(this.#log, user)).items.keys()];
  }

  count(outcome: Ingested): number {
    return this.outcomes.filter((each) => each === outcome).length;
  }
}

class Worker {
  readonly id: string;
  readonly link: RedisLink;
  readonly #ingest: { close(): Promise<void> };

  constructor(id: string, link: RedisLink, ingest: { close(): Promise<void> }) {
    this.id = id;
    this.link = link;
    this.#ingest = ingest;
  }

  async close(): Promise<void> {
    await this.#ingest.close();
    this.link.close();
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => `news ${index + 1}`);

describe("What comes in by Redis", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  describe("by PUBLISH", () => {
    it("is one notification each, however many workers run", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      scene.worker("two");
      scene.worker("three");
      await scene.hearing();
      for (const title of upTo(300)) await scene.publish("ann", title);
      await eventually(async () => (await scene.titles("ann")).length >= 300);
      expect(await scene.titles("ann")).to.have.members(upTo(300));
      await eventually(async () => (await server.admin.xlen(scene.stream)) === 0);
      expect(scene.count("bad") + scene.count("lost")).to.equal(0);
    });

    it("is a notification where it is a JSON object, and a title where it is anything else", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      await scene.hearing();
      await scene.publish("auth0|x", { id: "order-4711", title: "Shipped", level: "success", data: { order: 4711 } });
      const others = ["[1]", "4711", '"quoted"', "null", '{"title": "unfinished', "a \ud800 b"];
      for (const text of others) await scene.publish("auth0|x", text);
      await eventually(async () => (await scene.titles("auth0|x")).length === 7);
      expect(await scene.titles("auth0|x")).to.have.members(["Shipped", ...others.map((text) => text.toWellFormed())]);
      expect(await scene.ids("auth0|x")).to.include("order-4711");
    });

    it("is counted and left out where it is neither, and what comes after it is taken", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      await scene.hearing();
      const deep = `{"title": "x", "data": ${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
      const secret = "what nobody shall read in a log";
      const bad = [{ title: "" }, { title: 5 }, {}, { title: "x", id: "?" }, "   ", deep, `${secret} `.repeat(3_000)];
      for (const text of bad) await scene.publish("ann", text);
      await scene.publish("not a user", "hello");
      await scene.publish("", "hello");
      await scene.publish("ann", { title: "x".repeat(201), body: secret });
      await scene.publish("ann", "the last");
      await eventually(async () => (await scene.titles("ann")).includes("the last"));
      await eventually(() => scene.count("bad") === bad.length + 3);
      expect(await scene.titles("ann")).to.deep.equal(["the last"]);
      expect(scene.logs.lines.filter(({ level }) => level === "warn")).to.have.length(bad.length + 3);
      expect(JSON.stringify(scene.logs.lines)).to.not.contain(secret);
    });

    it("is moved by another worker within 3 s of the death of the one that did", async () => {
      await using scene = new Scene(server);
      const one = scene.worker("one");
      const two = scene.worker("two");
      const three = scene.worker("three");
      const first = await scene.hearing();
      const diedAt = performance.now();
      for (const { id, link } of [one, two, three]) if (id === first) link.close();
      // It dies without a word: its own connections are all that is gone.
      await eventually(async () => {
        const holder = await server.admin.get(scene.lease);
        return holder !== null && !holder.endsWith(` ${first}`);
      });
      expect(performance.now() - diedAt).to.be.below(3_000);
      await scene.hearing();
      for (const title of upTo(20)) await scene.publish("ann", title);
      await eventually(async () => (await scene.titles("ann")).length >= 20);
      expect(await scene.titles("ann")).to.have.members(upTo(20));
    });

    it("is moved on at once when the worker that did it closes", async () => {
      await using scene = new Scene(server);
      const one = scene.worker("one");
      await scene.hearing();
      const two = scene.worker("two");
      await two.link.ready;
      // Until it listens for the lease to be given back.
      await eventually(() => two.link.subscriptions.size > 1);
      await one.close();
      const closedAt = performance.now();
      expect(await scene.hearing()).to.equal(two.id);
      expect(performance.now() - closedAt).to.be.below(500);
      await scene.publish("ann", "hello");
      await eventually(async () => (await scene.titles("ann")).length === 1);
    });

    it("is not doubled by a holder whose lease another has by now", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      await scene.hearing();
      // What Redis does when the holder has slept: to itself it is still the holder, until it asks.
      await server.admin.set(scene.lease, "1 another", "PX", 1_500);
      await scene.publish("ann", "heard by both");
      await eventually(() => scene.count("lost") === 1);
      expect(await server.admin.xlen(scene.stream)).to.equal(0);
      // Once the other has gone too, it starts anew.
      await eventually(async () => {
        await scene.publish("ann", "later");
        return (await scene.titles("ann")).includes("later");
      });
      expect(await scene.titles("ann")).to.not.include("heard by both");
    });

    it("is heard again after the connection that hears it was cut", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      await scene.hearing();
      await server.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
      await scene.hearing();
      await scene.publish("ann", "hello");
      await eventually(async () => (await scene.titles("ann")).length === 1);
    });
  });

  describe("by XADD", () => {
    it("is taken once, by any worker, also what was added before there was one", async () => {
      await using scene = new Scene(server);
      const entryId = await scene.add("ann", { title: "early" });
      await scene.add("ann", { title: "short id" }, "9999999999999999-1");
      scene.worker("one");
      scene.worker("two");
      await eventually(async () => (await scene.titles("ann")).length === 2);
      expect((await scene.ids("ann"))[0]).to.equal(entryId);
      await eventually(async () => (await server.admin.xlen(scene.stream)) === 0);
    });

    it("keeps a user's notifications in their order within what one worker takes", async () => {
      await using scene = new Scene(server);
      for (const title of upTo(60)) await scene.add("ann", { title });
      scene.worker("one");
      await eventually(async () => (await scene.titles("ann")).length === 60);
      expect(await scene.titles("ann")).to.deep.equal(upTo(60));
    });

    it("is counted, logged without its text and done with where it is no notification", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      const secret = "what nobody shall read in a log";
      await scene.add("ann", `{"title": "${secret}`);
      await scene.add("not a user", { title: secret });
      await scene.add("ann", { title: secret, level: secret });
      await scene.add("ann", [{ title: secret }]);
      await server.admin.xadd(scene.stream, "*", "notification", secret);
      await server.admin.xadd(scene.stream, "*", secret, secret);
      await scene.add("ann", { title: "fine" });
      await eventually(() => scene.count("bad") === 6);
      await eventually(async () => (await server.admin.xlen(scene.stream)) === 0);
      expect(await scene.titles("ann")).to.deep.equal(["fine"]);
      expect(JSON.stringify(scene.logs.lines)).to.not.contain(secret);
    });

    it("under an id that has other content already is a contradiction, and done with", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      for (const title of ["first", "second", "first"]) await scene.add("ann", { id: "the-same-id", title });
      await eventually(() => scene.outcomes.length === 3);
      expect(scene.count("bad")).to.equal(1);
      expect(await scene.titles("ann")).to.deep.equal(["first"]);
    });

    it("waits while the inbox cannot be written, and is not given up", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      scene.refusal = new CarillonError("unavailable");
      await scene.add("ann", { title: "patience" });
      // Long enough for it to be claimed from itself, again and again.
      await eventually(async () => {
        const [[, , , deliveries] = []] = (await server.admin.xpending(
          scene.stream,
          "inboxes",
          "-",
          "+",
          10,
        )) as unknown[][];
        return Number(deliveries) >= 2;
      });
      expect(scene.outcomes).to.deep.equal([]);
      scene.refusal = undefined;
      await eventually(async () => (await server.admin.xlen(scene.stream)) === 0);
      expect(await scene.titles("ann")).to.deep.equal(["patience"]);
      expect(scene.count("bad")).to.equal(0);
    });

    it("that goes wrong in a way of its own is given up after a few attempts", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      scene.refusal = new CarillonError("internal");
      await scene.add("ann", { title: "poison" });
      await eventually(() => scene.count("bad") > 0);
      await eventually(async () => (await server.admin.xlen(scene.stream)) === 0);
    });

    it("is taken over from a worker that died with it, whose name is then removed", async () => {
      await using scene = new Scene(server);
      await server.admin.xgroup("CREATE", scene.stream, "inboxes", "0", "MKSTREAM");
      await scene.add("ann", { title: "orphan" });
      await server.admin.xreadgroup("GROUP", "inboxes", "dead", "STREAMS", scene.stream, ">");
      scene.worker("one");
      await eventually(async () => (await scene.titles("ann")).includes("orphan"));
      const names = async () => {
        const consumers = (await server.admin.xinfo("CONSUMERS", scene.stream, "inboxes")) as string[][];
        return consumers.map(([, name]) => name);
      };
      await eventually(async () => !(await names()).includes("dead"), 10_000);
      expect(await names()).to.deep.equal(["one"]);
    });

    it("leaves no name behind of a worker that closes", async () => {
      await using scene = new Scene(server);
      const one = scene.worker("one");
      await scene.add("ann", { title: "hello" });
      await eventually(async () => (await scene.titles("ann")).length === 1);
      await one.close();
      expect(await server.admin.xinfo("CONSUMERS", scene.stream, "inboxes")).to.deep.equal([]);
    });

    it("goes on after Redis was flushed", async () => {
      await using scene = new Scene(server);
      scene.worker("one");
      await scene.add("ann", { title: "before" });
      await eventually(async () => (await scene.titles("ann")).length === 1);
      await server.admin.flushall();
      await scene.add("ann", { title: "after" });
      await eventually(async () => (await scene.titles("ann")).length === 2);
    });

    it("goes on after Redis was killed and started again", async () => {
      await using own = await startRedis();
      await using scene = new Scene(own);
      scene.worker("one");
      await scene.hearing();
      await own.kill();
      await own.start();
      await own.admin.xadd(scene.stream, "*", "to", "ann", "notification", '{"title":"after"}');
      await eventually(async () => (await scene.titles("ann")).includes("after"), 10_000);
      await scene.hearing();
      await scene.publish("ann", "and published");
      await eventually(async () => (await scene.titles("ann")).includes("and published"));
    });
  });
});
