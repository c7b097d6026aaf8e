import { expect } from "chai";
import { RequestError } from "../../client/index.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { startWorkers } from "../kit/workers.ts";
import { asAnn, createDevice, type Device, idsOf, Line, openDevice, publish } from "./device.ts";

const toldTo = ({ told }: Device) => told.map(({ id }) => id);

async function codeOf(request: Promise<unknown>): Promise<string> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RequestError) return error.code;
  throw new Error("It was not refused", { cause: error });
}

describe("an inbox of the client", () => {
  it("shows what is there, tells what comes and nothing else, and sends a receipt for it", async () => {
    await using server = await startServer();
    await publish(server, 1, 3);
    await asAnn(server, "notification:read", { ids: ["notice-2"] });
    await using ann = await openDevice(server);
    expect(ann.ids).to.deep.equal(idsOf(1, 3).toReversed());
    expect(ann.now.notifications.map(({ read }) => read)).to.deep.equal([false, true, false]);
    expect(ann.now).to.include({ unread: 2, more: false });

    await publish(server, 4, 5);
    await ann.shows(({ notifications }) => notifications.length === 5);
    expect(ann.now.unread).to.equal(4);
    expect(toldTo(ann)).to.deep.equal(idsOf(4, 5));
    await eventually(async () => {
      const { body } = await server.call("GET", "/metrics");
      return /receipts\w*\{[^}]*valid="true"[^}]*\} 2\b/.test(body);
    });
  });

  it("tells what comes between its connection and its opening, and not what was there", async () => {
    await using server = await startServer();
    await publish(server, 1, 2);
    server.carillon.notify?.once("connection", () => void publish(server, 3, 4));
    await using ann = await openDevice(server);
    await ann.shows(({ unread }) => unread === 4);
    expect(toldTo(ann)).to.deep.equal(idsOf(3, 4));
  });

  it("gives new ones to a reader, until the connection is closed", async () => {
    await using server = await startServer();
    await using ann = await openDevice(server);
    const read: string[] = [];
    const reading = (async () => {
      for await (const { id } of ann.inbox) read.push(id);
    })();
    await publish(server, 1, 2);
    await eventually(() => read.length === 2);
    ann.inbox.channel.close();
    await reading;
    expect(read).to.deep.equal(idsOf(1, 2));
  });

  it("shows on each device what another one reads or archives", async () => {
    await using server = await startServer();
    await using phone = await openDevice(server);
    await using laptop = await openDevice(server);
    await publish(server, 1, 4);
    await phone.shows(({ unread }) => unread === 4);
    await phone.inbox.markRead(["notice-2"]);
    expect(phone.now.notifications.map(({ read }) => read)).to.deep.equal([false, false, true, false]);
    await phone.inbox.archive(["notice-1"]);
    expect(phone.ids).to.deep.equal(idsOf(2, 4).toReversed());
    await laptop.shows(({ unread, notifications }) => unread === 2 && notifications.length === 3);
    await laptop.inbox.markRead("all");
    for (const device of [phone, laptop]) await device.shows(({ unread }) => unread === 0);
    expect(phone.now.notifications.every(({ read }) => read)).to.equal(true);
    expect(toldTo(laptop)).to.deep.equal(idsOf(1, 4));
  });

  it("says at once what cannot be done without a connection, and keeps what it knew", async () => {
    await using server = await startServer();
    await using line = await Line.to(server);
    await publish(server, 1, 1);
    await using ann = await openDevice(server, line.url);
    line.cut();
    await ann.shows(({ status }) => status === "opening");
    expect(ann.now).to.include({ unread: 1 });
    const { inbox } = ann;
    const requests = [inbox.markRead("all"), inbox.archive(["notice-1"]), inbox.readMore(), inbox.subscribeTo("a")];
    for (const request of requests) expect(await codeOf(request)).to.equal("unavailable");
    expect(ann.ids).to.deep.equal(["notice-1"]);
  });

  it("says why it is refused", async () => {
    await using server = await startServer();
    await using nobody = createDevice(server.url, "no token at all");
    const { failure } = await nobody.shows(({ status }) => status === "refused");
    expect(failure?.code).to.equal("unauthorized");
  });

  it("knows the topics that one is subscribed to", async () => {
    await using server = await startServer();
    await asAnn(server, "topic:subscribe", { topic: "news" });
    await using ann = await openDevice(server);
    await ann.shows(({ topics }) => topics.length === 1);
    await ann.inbox.subscribeTo("alerts");
    expect(ann.now.topics).to.deep.equal(["alerts", "news"]);
    await ann.inbox.unsubscribeFrom("news");
    expect(ann.now.topics).to.deep.equal(["alerts"]);
  });

  it("pages back to the oldest", async () => {
    await using server = await startServer();
    await publish(server, 1, 130);
    await using ann = await openDevice(server);
    expect(ann.now).to.include({ more: true, unread: 130 });
    await ann.inbox.markRead(["notice-100"]);
    await Promise.all([ann.inbox.readMore(30), ann.inbox.readMore(30)]);
    expect(ann.ids).to.deep.equal(idsOf(51, 130).toReversed());
    await ann.inbox.readMore(100);
    expect(ann.ids).to.deep.equal(idsOf(1, 130).toReversed());
    expect(ann.now).to.include({ more: false, unread: 129 });
  });

  it("forgets what the server has no room for, and does not count it", async () => {
    await using server = await startServer({ inboxSize: 60 });
    await publish(server, 1, 60);
    await using ann = await openDevice(server);
    await publish(server, 61, 75);
    await ann.shows(({ notifications }) => notifications[0]?.id === "notice-75");
    expect(ann.ids).to.deep.equal(idsOf(16, 75).toReversed());
    expect(ann.now.unread).to.equal(60);
  });

  it("knows by itself that there is nothing older, though its oldest is not the first", async () => {
    await using server = await startServer();
    await publish(server, 1, 3);
    await asAnn(server, "notification:archive", { ids: ["notice-1"] });
    await using ann = await openDevice(server);
    await ann.shows(({ more }) => !more);
    expect(ann.ids).to.deep.equal(["notice-3", "notice-2"]);
  });
});

describe("an inbox of the client, after a cut", () => {
  it("goes on where it was: tells what came meanwhile, once, and folds what was read and archived", async () => {
    await using server = await startServer();
    await using line = await Line.to(server);
    await publish(server, 1, 3);
    await using ann = await openDevice(server, line.url);
    await publish(server, 4, 4);
    await ann.shows(({ unread }) => unread === 4);
    line.cut();
    await ann.shows(({ status }) => status === "opening");
    await publish(server, 5, 7);
    await asAnn(server, "notification:read", { ids: ["notice-1"] });
    await asAnn(server, "notification:archive", { ids: ["notice-2", "notice-6"] });
    line.lead(server);
    await ann.shows(({ status }) => status === "live");
    expect(ann.ids).to.deep.equal(["notice-7", "notice-5", "notice-4", "notice-3", "notice-1"]);
    expect(ann.now.unread).to.equal(4);
    await publish(server, 8, 8);
    await ann.shows(({ unread }) => unread === 5);
    expect(toldTo(ann)).to.deep.equal(["notice-4", "notice-5", "notice-7", "notice-8"]);
  });

  it("is told more than an answer holds, in order, with what was archived left out", async () => {
    await using server = await startServer();
    await using line = await Line.to(server);
    await using ann = await openDevice(server, line.url);
    line.cut();
    await ann.shows(({ status }) => status === "opening");
    await publish(server, 1, 150);
    const gone = [...idsOf(1, 70), ...idsOf(120, 125), ...idsOf(149, 150)];
    for (const id of gone) await asAnn(server, "notification:archive", { ids: [id] });
    line.lead(server);
    const left = idsOf(1, 150).filter((id) => !gone.includes(id));
    await ann.shows(({ notifications }) => notifications.length === left.length);
    expect(ann.now.unread).to.equal(left.length);
    await publish(server, 151, 151);
    await ann.shows(({ unread }) => unread === left.length + 1);
    expect(toldTo(ann)).to.deep.equal([...left, "notice-151"]);
    expect(ann.ids).to.deep.equal([...left, "notice-151"].toReversed());
  });

  it("shows another log where its own was lost, and tells what is new in it", async () => {
    await using server = await startServer();
    await using other = await startServer();
    await using line = await Line.to(server);
    await publish(server, 1, 3);
    await publish(other, 2, 5);
    await using ann = await openDevice(server, line.url);
    line.cut();
    line.lead(other);
    await ann.shows(({ unread }) => unread === 4);
    expect(ann.ids).to.deep.equal(idsOf(2, 5).toReversed());
    await publish(other, 6, 6);
    await ann.shows(({ unread }) => unread === 5);
    expect(toldTo(ann)).to.deep.equal(idsOf(4, 6));
  });

  describe("on another worker", () => {
    let redis: RedisServer;
    before(async () => (redis = await startRedis()));
    after(() => redis[Symbol.asyncDispose]());

    it("goes on all the same", async () => {
      await using workers = await startWorkers(redis.url);
      const { here, there } = workers;
      await using line = await Line.to(here);
      await publish(here, 1, 2);
      await using ann = await openDevice(here, line.url);
      line.cut();
      await ann.shows(({ status }) => status === "opening");
      await publish(here, 3, 4);
      await asAnn(here, "notification:read", { ids: ["notice-1"] });
      line.lead(there);
      await ann.shows(({ status, unread }) => status === "live" && unread === 3);
      await publish(here, 5, 5);
      await ann.shows(({ unread }) => unread === 4);
      expect(toldTo(ann)).to.deep.equal(idsOf(3, 5));
    });
  });
});

describe("a notification that expires", () => {
  it("vanishes at its time by itself, and counts no more, held or not", async () => {
    await using server = await startServer();
    await publish(server, 1, 1, 1);
    await publish(server, 2, 51);
    await publish(server, 52, 52, 1);
    await using ann = await openDevice(server);
    expect(ann.now.unread).to.equal(52);
    await ann.shows(({ notifications }) => notifications.length === 49);
    await ann.shows(({ unread }) => unread === 50);
    expect(ann.ids).not.to.include("notice-52");
  });

  it("in a month and more is waited for in peace", async () => {
    const warnings: string[] = [];
    const warned = ({ name }: Error) => warnings.push(name);
    process.on("warning", warned);
    try {
      await using server = await startServer();
      await using ann = await openDevice(server);
      await publish(server, 1, 1, 60 * 86_400);
      await ann.shows(({ unread }) => unread === 1);
      await publish(server, 2, 2);
      await ann.shows(({ unread }) => unread === 2);
    } finally {
      process.off("warning", warned);
    }
    expect(warnings).to.deep.equal([]);
  });
});
