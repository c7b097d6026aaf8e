import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Server } from "socket.io";
import { systemClock } from "../../src/clock.ts";
import type { Log } from "../../src/log/index.ts";
import { silent } from "../../src/logger.ts";
import { notifyNamespace } from "../../src/namespaces/notify/index.ts";
import { createPublisher, type Publisher } from "../../src/namespaces/notify/publish.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import { Connections } from "../../src/runtime/connection.ts";
import { serve } from "../../src/runtime/serve.ts";
import { memoryStores } from "../../src/stores.ts";
import { Client } from "../kit/client.ts";
import { opened } from "../kit/leaks.ts";
import { NO_LIMITS } from "../kit/limits.ts";
import { eventually } from "../kit/wait.ts";

const ignore = () => {};
const clock = systemClock;
const soon = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** `/notify` on a log that is far away, with a clock of its own: what it is asked, it answers late. What others write is there at once. */
class Scene implements AsyncDisposable {
  readonly publisher: Publisher;
  isOut = false;
  subscribed = 0;
  readonly #http = createServer();
  readonly #io = new Server(this.#http, { serveClient: false });
  readonly #served: { close(): Promise<void> };
  readonly #connections: Connections;
  readonly #released = opened(this, "a server with a far log");

  constructor({ skewMs = 0 } = {}) {
    const logClock = { ...clock, now: () => clock.now() + skewMs };
    const stores = memoryStores({ clock: logClock, historySize: 1, historyTtlSec: 3600, inboxSize: 1_000 });
    const { inboxLog, control, topics } = stores;
    const counted = { duplicate: ignore, delivered: ignore, badReceipt: ignore, gapRepaired: ignore };
    const far: Log = {
      ...inboxLog,
      subscribe: async (topic, listener) => {
        await soon(50);
        if (this.isOut) throw new CarillonError("unavailable");
        const leave = await inboxLog.subscribe(topic, listener);
        this.subscribed++;
        return () => {
          this.subscribed--;
          leave();
        };
      },
      head: async (topic) => {
        await soon(50);
        return inboxLog.head(topic);
      },
    };
    const options = {
      clock,
      logger: silent,
      control,
      authenticate: async (token: unknown) => ({
        user: { id: String(token), name: String(token), roles: [], rooms: [] },
      }),
      rate: { perSec: 0, burst: 100 },
      limits: NO_LIMITS,
      server: { version: "0.0.0", worker: "test" },
      closedFor: () => undefined,
      refused: ignore,
      received: ignore,
      closing: ignore,
      served: ignore,
    };
    this.publisher = createPublisher({ clock, logger: silent, topics, inboxLog, counted });
    this.#connections = new Connections(this.#io, { ...options, maxBufferBytes: 2 ** 20, slow: ignore, sent: ignore });
    const context = { clock, logger: silent, topics, inboxLog: far, counted };
    const namespace = this.#io.of("/notify");
    this.#served = serve(notifyNamespace, context, namespace, { ...options, connections: this.#connections });
  }

  async client(user: string): Promise<Client> {
    if (!this.#http.listening) await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
    return new Client(url, "/notify", { transports: ["websocket"], auth: { token: user } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served.close();
    this.#connections.close();
    await this.#io.close();
    this.#released();
  }
}

describe("A device that has connected", () => {
  it("hears what any worker writes from then on, without opening the inbox, however far the log is", async () => {
    await using scene = new Scene({ skewMs: -5_000 });
    await scene.publisher.toUsers(["ann"], { id: "before-it", title: "Before" });
    await using ann = await scene.client("ann");
    const written = new Promise((resolve, reject) =>
      ann.socket.once("connect", () => {
        scene.publisher.toUsers(["ann"], { id: "right-after", title: "At once" }).then(resolve, reject);
      }),
    );
    await ann.connected();
    await written;
    await ann.event("notification:sent", ({ id }) => id === "right-after");
    await scene.publisher.toUsers(["ann"], { id: "and-later", title: "Later" });
    await ann.event("notification:sent", ({ id }) => id === "and-later");
    expect(ann.all("notification:sent").map(({ id }) => id)).to.deep.equal(["right-after", "and-later"]);
  });

  it("while the log was out stays connected, and hears what was written as soon as it is back", async () => {
    await using scene = new Scene();
    await scene.publisher.toUsers(["ann"], { id: "before-it", title: "Before" });
    const writtenAt = clock.now();
    await eventually(() => clock.now() > writtenAt);
    scene.isOut = true;
    await using ann = await (await scene.client("ann")).connected();
    await scene.publisher.toUsers(["ann"], { id: "meanwhile", title: "Meanwhile" });
    scene.isOut = false;
    await ann.event("notification:sent", ({ id }) => id === "meanwhile");
    expect(ann.all("notification:sent").map(({ id }) => id)).to.deep.equal(["meanwhile"]);
    expect(ann.all("session:closing")).to.deep.equal([]);
  });

  it("or has given up on the way leaves nothing behind that listens for it", async () => {
    await using scene = new Scene();
    for (let left = 5; left > 0; left--) {
      await using ann = await scene.client("ann");
      await eventually(() => ann.socket.io.engine?.readyState === "open");
      const leaveAt = performance.now() + left * 20;
      await eventually(() => performance.now() > leaveAt);
    }
    await using bob = await (await scene.client("bob")).connected();
    await eventually(() => scene.subscribed === 1);
    expect(bob.socket.connected).to.equal(true);
  });
});
