import { expect } from "chai";
import { connect, type Connection, type Entry, type Room, type RoomChange } from "../../client/index.ts";
import { type Cluster, startCluster } from "../kit/cluster.ts";
import { Proxy } from "../kit/proxy.ts";
import { seededRandom } from "../kit/random.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { API_KEY } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const ROOM = "lobby";
const MESSAGES = 60;
const EVERY_MS = 60;

/** Somebody with a client of his own, who writes down what it tells him. */
interface Person {
  readonly name: string;
  readonly connection: Connection;
  readonly room: Room;
  readonly heard: RoomChange[];
  /** Ids of what he has written, in order. */
  readonly written: string[];
}

describe("the client over three workers, while its links are cut and a worker is killed", function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let cluster: Cluster;
  let links: Proxy;

  before(async () => {
    redis = await startRedis();
    cluster = await startCluster(3, { env: { REDIS_URL: redis.url } });
    links = await Proxy.start({ target: () => Number(new URL(cluster.url).port) });
  });
  after(async () => {
    await links[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  async function enter(name: string, transports: string[]): Promise<Person> {
    const token = await cluster.token(name, { name });
    const url = `http://127.0.0.1:${links.port}`;
    const socket = { transports, reconnectionDelay: 50, reconnectionDelayMax: 500 };
    const connection = connect({ url, token, timeoutMs: 2_000, socket });
    const room = connection.chat.join(ROOM);
    const heard: RoomChange[] = [];
    room.listen((change) => heard.push(change));
    await eventually(() => room.getSnapshot().status === "live");
    return { name, connection, room, heard, written: [] };
  }

  /** Cuts a link of somebody every now and then, until it is called off. */
  function cutLinks(): () => void {
    const random = seededRandom(7);
    const timer = setInterval(() => links.links[random.below(links.links.length)]?.cut(), 250);
    return () => clearInterval(timer);
  }

  async function stored(): Promise<Entry[]> {
    const url = `${cluster.urls[0]}/api/rooms/${ROOM}/messages?limit=300`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${API_KEY}` } });
    return ((await response.json()) as { data: { entries: Entry[] } }).data.entries;
  }

  it("shows everybody the same messages in the same order, each once, and all that anybody wrote", async () => {
    const transports = [["polling", "websocket"], ["websocket"], ["polling"]];
    const people = await Promise.all(transports.map((each, index) => enter(["ann", "bob", "cem"][index] ?? "", each)));
    const stopCutting = cutLinks();
    const talking = Promise.all(people.map(talk));
    await cluster.restart(1);
    await talking;
    stopCutting();
    for (const { room, written } of people) {
      const ends = await Promise.all(written.map((id) => room.settled(id)));
      expect(ends.filter(({ state }) => state !== "sent")).to.deep.equal([]);
    }

    const log = await stored();
    expect(log).to.have.lengthOf(people.length * MESSAGES);
    const head = log.at(-1)?.seq;
    for (const { name, room, heard, written } of people) {
      await eventually(() => room.getSnapshot().head === head && room.getSnapshot().outgoing.length === 0);
      expect(log.filter(({ from }) => from.id === name).map(({ id }) => id)).to.deep.equal(written);
      // What was there at the join is in the first reset; all that came later was told one by one.
      const [first, ...later] = heard;
      expect(first?.kind).to.equal("reset");
      const before = first?.kind === "reset" ? first.entries : [];
      const told = [...before, ...later.map((change) => (change.kind === "reset" ? fail(change.why) : change))];
      expect(told.map(({ seq, id }) => ({ seq, id }))).to.deep.equal(log.map(({ seq, id }) => ({ seq, id })));
      expect(room.getSnapshot().messages.map(({ id, text }) => `${id} ${text}`)).to.deep.equal(
        log.map(({ id, text }) => `${id} ${text}`),
      );
    }
    for (const { connection } of people) connection.close();
  });
});

async function talk({ name, room, written }: Person): Promise<void> {
  for (let count = 1; count <= MESSAGES; count++) {
    written.push(room.send(`${name} ${count}`).id);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

function fail(why: string): never {
  throw new Error(`It was told that entries were ${why}`);
}
