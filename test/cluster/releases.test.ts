import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { signToken, type TokenClaims } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import { keysOf } from "../../src/redis/partition.ts";
import { entriesOf, freshId, range, say, seqsOf } from "../chat/scene.ts";
import { Client, type Wire } from "../kit/client.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { buildPresent, buildPrevious, type Release, type ReleasedWorker } from "../kit/release.ts";
import { API_KEY, SECRET } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { fresh } from "./suite/scene.ts";

const PREFIX = "carillon";

/** How each of the two is called here. */
type Name = "previous" | "present";

const DIRECTIONS = [
  ["previous", "present"],
  ["present", "previous"],
] as const satisfies [Name, Name][];

async function connect(worker: { url: string }, namespace: string, id: string, claims: Omit<TokenClaims, "sub"> = {}) {
  const { token } = await signToken(SECRET, { sub: id, ...claims }, { ttlSec: 3600, clock: systemClock });
  return new Client(worker.url, namespace, { transports: ["websocket"], auth: { token } }).connected();
}

/** The names of keys and channels of a room. */
const keyOf = (room: string) => keysOf(PREFIX, room);

/** What is stored of a room's first message. */
const firstRecord = async ({ admin }: RedisServer, room: string) =>
  (await admin.hget(keyOf(room)("log", "room", "entries", room), "1")) ?? "";

/** Writes and tells of the second entry of a room, as a release would. */
async function append({ admin }: RedisServer, room: string, id: string, record: string): Promise<void> {
  const key = (part: string) => keyOf(room)("log", "room", part, room);
  const epoch = await admin.hget(key("meta"), "epoch");
  await admin.hset(key("entries"), { "2": record, [`=ann ${id}`]: "2" });
  await admin.hset(key("meta"), { head: "2", counted: "2" });
  await admin.spublish(key("written"), `${record[0]}\t${epoch}\t2\n${record}`);
}

const publish = ({ url }: ReleasedWorker, to: string, title: string) =>
  fetch(`${url}/api/notifications`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ to, id: freshId(), title }),
  });

const idsIn = (members: Wire): string[] => members.map(({ id }: Wire) => id as string);

describe("two releases side by side", function () {
  this.timeout(40_000);
  let redis: RedisServer;
  let runDir: string;
  const releases: Release[] = [];
  const workers = new Map<Name, ReleasedWorker>();
  const of = (name: Name): ReleasedWorker => {
    const worker = workers.get(name);
    if (!worker) throw new Error(`There is no ${name} release`);
    return worker;
  };

  before(async function () {
    this.timeout(180_000);
    releases.push(await buildPrevious());
    releases.push(await buildPresent());
    redis = await startRedis();
    // Short: the path of a unix socket has hardly more than a hundred bytes.
    runDir = await mkdtemp(join(tmpdir(), "carillon-"));
    const env = { REDIS_URL: redis.url, REDIS_PREFIX: PREFIX, CARILLON_RUN_DIR: runDir };
    for (const [index, name] of (["previous", "present"] as const).entries()) {
      const worker = await releases[index]?.start(env);
      if (worker) workers.set(name, worker);
    }
  });
  after(async () => {
    for (const each of [...workers.values(), ...releases, redis]) await each?.[Symbol.asyncDispose]();
    if (runDir) await rm(runDir, { recursive: true, force: true });
  });
  afterEach(() => {
    for (const [name, worker] of workers) expect(worker.isAlive(), `${name}: ${worker.output()}`).to.equal(true);
  });

  for (const [one, other] of DIRECTIONS) {
    describe(`from the ${one} one to the ${other} one`, () => {
      it("messages, edits and deletions come, each once, and what was deleted is gone", async () => {
        const room = fresh("room");
        await using ann = await connect(of(one), "/chat", "ann");
        await using bob = await connect(of(other), "/chat", "bob");
        for (const client of [ann, bob]) await client.request("room:join", { room });
        const data = { list: [], nothing: {}, text: "Ä😀" };
        const { epoch } = await say(ann, room, "a secret", { type: "note", data });
        await say(ann, room, "in answer", { replyTo: 1 });
        await ann.request("message:edit", { id: freshId(), room, target: 2, text: "better" });
        await bob.event("message:edited", ({ text }) => text === "better");
        expect(entriesOf(bob)[0]).to.deep.include({ text: "a secret", type: "note", data });
        // By the other release: what one has written the other has to be able to take away.
        await using moderator = await connect(of(other), "/chat", "mod", { roles: ["moderator"] });
        await moderator.request("message:delete", { id: freshId(), room, target: 1 });
        for (const client of [ann, bob]) {
          await client.event("message:deleted", ({ target }) => target === 1);
          expect(seqsOf(entriesOf(client))).to.deep.equal(range(1, 4));
        }
        const { entries } = await ann.request("room:join", { room, since: { epoch, seq: 0 } });
        expect(seqsOf(entries)).to.deep.equal(range(1, 4));
        expect(JSON.stringify(entries)).to.not.contain("secret");
      });

      it("an id that one has taken is known, and a connection goes on where it ended", async () => {
        const room = fresh("room");
        const message = { id: freshId(), room, text: "once" };
        let since: object;
        {
          await using ann = await connect(of(one), "/chat", "ann");
          await ann.request("room:join", { room });
          const first = await ann.request("message:send", message);
          await ann.event("message:sent");
          await say(ann, room, "two");
          since = { epoch: first.epoch, seq: 1, id: message.id };
        }
        await using ann = await connect(of(other), "/chat", "ann");
        expect(await ann.request("message:send", message)).to.include({ seq: 1, duplicate: true });
        const { recovered, entries } = await ann.request("room:join", { room, since });
        expect({ recovered, seqs: seqsOf(entries) }).to.deep.equal({ recovered: true, seqs: [2] });
      });

      it("people are seen coming, typing, reading and going", async () => {
        const room = fresh("room");
        const user = fresh("ann");
        await using bob = await connect(of(other), "/chat", "bob");
        await bob.request("room:join", { room });
        await say(bob, room, "hello");
        await using ann = await connect(of(one), "/chat", user);
        const { members } = await ann.request("room:join", { room });
        expect(idsIn(members)).to.have.members(["bob", user]);
        await bob.event("presence:changed", ({ joined }) => idsIn(joined).includes(user));
        await ann.request("typing:set", { room, typing: true });
        await bob.event("typing:changed", (change) => change.user === user && change.typing === true);
        await ann.request("marker:move", { room, seq: 1 });
        await bob.event("marker:moved", (moved) => moved.user === user && moved.seq === 1);
        await ann.request("room:leave", { room });
        await bob.event("presence:changed", ({ left }) => idsIn(left).includes(user));
        expect(await bob.request("room:members", { room })).to.include({ memberCount: 1 });
      });

      it("orders are obeyed", async () => {
        const room = fresh("room");
        const user = fresh("ann");
        await using moderator = await connect(of(one), "/chat", "mod", { roles: ["moderator"] });
        await using ann = await connect(of(other), "/chat", user);
        await ann.request("room:join", { room });
        await moderator.request("member:mute", { room, user });
        await ann.event("member:muted", (muted) => muted.user === user);
        expect(await ann.refusal("message:send", { id: freshId(), room, text: "may I?" })).to.equal("muted");
        await moderator.request("member:ban", { room, user, forSec: 600 });
        await ann.event("member:removed", ({ action }) => action === "banned");
        expect(await ann.refusal("room:join", { room })).to.equal("banned");
        const response = await fetch(`${of(one).url}/api/users/${user}/sessions`, {
          method: "DELETE",
          headers: { authorization: `Bearer ${API_KEY}` },
        });
        expect(response.status).to.equal(200);
        await eventually(() => !ann.socket.active);
      });

      it("notifications and what is read of them are told", async () => {
        const user = fresh("ann");
        await using phone = await connect(of(one), "/notify", user);
        await using laptop = await connect(of(other), "/notify", user);
        expect((await publish(of(one), user, "Hello")).status).to.equal(202);
        const { id } = await laptop.event("notification:sent", ({ title }) => title === "Hello");
        await phone.request("notification:read", { ids: [id] });
        await laptop.event("notification:changed", ({ ids, unread }) => ids[0] === id && unread === 0);
        await publish(of(one), user, "And again");
        await laptop.event("notification:sent", ({ seq }) => seq === 3);
        const { entries, unread } = await laptop.request("inbox:open");
        expect({ unread, titles: entries.map(({ title }: Wire) => title as string) }).to.deep.equal({
          unread: 1,
          titles: ["Hello", "And again"],
        });
      });
    });
  }

  it("hand each other the requests of the sessions that they hold", async () => {
    let turn = 0;
    const ports = [of("previous"), of("present")].map(({ url }) => Number(new URL(url).port));
    await using balancer = await Proxy.start({ target: () => ports[turn++ % ports.length] });
    const url = `http://127.0.0.1:${balancer.port}`;
    const room = fresh("room");
    await Promise.all(
      range(1, 12).map(async (n) => {
        const { token } = await signToken(SECRET, { sub: `user-${n}` }, { ttlSec: 3600, clock: systemClock });
        const transports = n % 2 ? ["polling"] : ["polling", "websocket"];
        await using client = await new Client(url, "/chat", { transports, auth: { token } }).connected();
        const before = client.socket.id;
        await client.request("room:join", { room });
        const { seq } = await say(client, room, `${n}`);
        await client.event("message:sent", (entry) => entry.seq === seq);
        expect(client.socket.id, "it is still the same session").to.equal(before);
      }),
    );
  });

  describe("what a later one may write", () => {
    it("in an entry beside what is known there is left out, and the entry is as good as any", async () => {
      const room = fresh("room");
      const id = freshId();
      await using ann = await connect(of("previous"), "/chat", "ann");
      await using bob = await connect(of("present"), "/chat", "bob");
      for (const client of [ann, bob]) await client.request("room:join", { room });
      const first = { id: freshId(), room, text: "hello" };
      await ann.request("message:send", first);
      const [header = "", json = ""] = (await firstRecord(redis, room)).split("\n");
      const record = `${header.replace(first.id, id)}\tmore\n${json.replace(/\}$/, ',"later":{"of":"us"}}')}`;
      await append(redis, room, id, record);
      for (const client of [ann, bob]) {
        const heard = await client.event("message:sent", ({ seq }) => seq === 2);
        expect(heard).to.include({ id, text: "hello" });
        const { entries } = await client.request("history:read", { room });
        expect(entries[1]).to.deep.equal(heard);
        expect(heard).to.not.have.property("later");
      }
      expect(await ann.request("message:send", { ...first, id })).to.include({ seq: 2, duplicate: true });
      await ann.request("message:delete", { id: freshId(), room, target: 2 });
      await bob.event("message:deleted", ({ target }) => target === 2);
      const erased = await redis.admin.hget(keyOf(room)("log", "room", "entries", room), "2");
      expect(erased).to.include("\tmore\n").and.not.include("hello");
    });

    it("of a version that is not known is not taken for anything, and harms nothing but its own room", async () => {
      const [room, elsewhere] = [fresh("room"), fresh("room")];
      await using ann = await connect(of("previous"), "/chat", "ann");
      await using bob = await connect(of("present"), "/chat", "bob");
      for (const client of [ann, bob])
        for (const each of [room, elsewhere]) await client.request("room:join", { room: each });
      await ann.request("message:send", { id: freshId(), room, text: "hello" });
      for (const client of [ann, bob]) await client.event("message:sent");
      const channel = keyOf(room)("log", "room", "written", room);
      await redis.admin.spublish(channel, "2 something of a version to come");
      await append(redis, room, freshId(), "2m something of a version to come");

      for (const client of [ann, bob]) await say(client, elsewhere, "goes on");
      for (const worker of workers.values()) {
        await using eve = await connect(worker, "/chat", "eve");
        // Up to where it is understood, or not at all.
        const ack = await eve.ask("room:join", { room });
        if (ack.ok) expect(seqsOf(ack.data.entries)).to.deep.equal([1]);
        else expect(["internal", "unavailable"]).to.include(ack.error.code);
        expect((await eve.request("room:join", { room: elsewhere })).head).to.equal(2);
      }
      for (const client of [ann, bob]) {
        await client.event("message:sent", (entry) => entry.room === elsewhere && entry.seq === 2);
        expect(entriesOf(client).filter((entry) => entry.room === room)).to.have.length(1);
      }
    });
  });
});
