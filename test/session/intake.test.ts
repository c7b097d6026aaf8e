import { expect } from "chai";
import type { Socket } from "socket.io";
import { takeDirectly } from "../../src/runtime/intake.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { RawClient } from "../kit/raw.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const SEEDS = 40;
const PACKETS = 25;
const ROOM = "lobby";

const add = () => {};

/** What a client sends, one thing after another: requests with and without an ack, binary ones, and packets that are none. */
function packetsOf(random: Random, token: string): (string | Buffer)[] {
  let id = 0;
  const send = (text: string, more = "") =>
    `["message:send",{"id":"message-${id}","room":"${ROOM}","text":"${text}"${more}}]`;
  const kinds: (() => (string | Buffer)[])[] = [
    () => [`42/chat,${++id}${send("with an ack")}`],
    () => [`42/chat,${++id}${send("with an ack")}`],
    () => (id++, [`42/chat,${send("without one")}`]),
    () => [`42/chat,${++id}["typing:set",{"room":"${ROOM}","typing":true}]`],
    () => [`42/chat,${++id}["nobody:knows",{}]`],
    () => [`42/chat,${++id}["room:members",{"room":7}]`],
    () => [`451-/chat,${++id}${send("binary", ',"data":{"_placeholder":true,"num":0}')}`, Buffer.from("data")],
    () => ["43/chat,7[]"],
  ];
  const packets = Array.from({ length: PACKETS }, () => kinds[random.below(kinds.length)]?.() ?? []);
  packets.splice(random.below(PACKETS), 0, [`40/notify,${JSON.stringify({ token })}`]);
  return [...packets.flat(), `42/chat,9999["room:members",{"room":"${ROOM}"}]`];
}

/** What differs between two servers that do the same. */
const withoutChance = (packet: string) =>
  packet.replaceAll(/"(epoch|worker|sid)":"[^"]*"/g, '"$1":""').replaceAll(/"(at|expiresAt|version)":\d+/g, '"$1":0');

/** A client that has entered `/chat` and is in the room. */
async function enter(server: TestServer) {
  const client = await new RawClient(server.url).open();
  await client.enter("/chat", await server.token("ann"));
  client.send(`42/chat,0["room:join",{"room":"${ROOM}"}]`);
  await client.ack("/chat", 0);
  client.heard.length = 0;
  return client;
}

/** All that a client hears in a namespace of what it sends in one turn, up to the answer to the last of it. */
async function hears(intake: "stock" | "direct", seed: number): Promise<string[]> {
  await using server = await startServer({ intake });
  await using client = await enter(server);
  client.sendAtOnce(...packetsOf(seededRandom(seed), await server.token("ann")));
  await client.ack("/chat", 9999);
  return client.heard.filter((packet) => packet.includes("/chat,")).map(withoutChance);
}

describe("requests as they come in", () => {
  it("are answered as if Socket.IO had handed them over, whatever comes between them in a turn", async () => {
    for (let seed = 1; seed <= SEEDS; seed++)
      expect(await hears("direct", seed), `seed ${seed}`).to.deep.equal(await hears("stock", seed));
  });

  it("are taken in the turn in which they are read, and by default", async () => {
    await using server = await startServer();
    await using client = await enter(server);
    const [socket] = server.carillon.chat?.sockets.values() ?? [];
    const steps: string[] = [];
    const { requests } = socket?.data ?? {};
    if (!socket || !requests) throw new Error("nobody is there");
    const take = requests.take.bind(requests);
    requests.take = (event: readonly unknown[]) => {
      steps.push("taken");
      take(event);
    };
    socket.conn.on("data", () => steps.push("read"));
    client.send(`42/chat,1["room:members",{"room":"${ROOM}"}]`);
    await client.ack("/chat", 1);
    expect(steps).to.deep.equal(["taken", "read"]);
  });

  it("are seen first by whoever else wants to see them: a middleware or a listener of the host's", async () => {
    const ways: ((socket: Socket, see: (name: string) => void) => unknown)[] = [
      (socket, see) =>
        socket.use(([name], next) => {
          see(name);
          next();
        }),
      (socket, see) => socket.onAny(see),
    ];
    for (const way of ways) {
      await using server = await startServer();
      const seen: string[] = [];
      server.carillon.chat?.prependListener("connection", (socket) => way(socket as never, (name) => seen.push(name)));
      await using client = await enter(server);
      client.send('42/chat,1["typing:set",{"room":"lobby","typing":false}]');
      await eventually(() => seen.includes("typing:set"));
      expect(seen).to.deep.equal(["room:join", "typing:set"]);
    }
  });

  it("close the connection where they cannot be decoded, or are for nobody, as Socket.IO does", async () => {
    const endings = [
      '42/chat,1["message:send"',
      '42/chat,["disconnect"]',
      "42/chat,1{}",
      "42/nobody,[]",
      '42["hello"]',
    ];
    for (const intake of ["direct", "stock"] as const) {
      await using server = await startServer({ intake });
      for (const ending of endings) {
        await using client = await enter(server);
        client.send(ending);
        await client.closed();
      }
      expect(server.carillon.chat?.sockets.size, intake).to.equal(0);
    }
  });

  it("close the connection where one comes instead of another's binary data, as Socket.IO does", async () => {
    await using server = await startServer();
    await using client = await enter(server);
    const [socket] = server.carillon.chat?.sockets.values() ?? [];
    const read = new Promise((resolve) => socket?.conn.once("data", resolve));
    client.send('451-/chat,1["typing:set",{"_placeholder":true,"num":0}]');
    await read;
    // A later turn: nothing is on the stock way any more that it could overtake.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    client.send('42/chat,2["typing:set",{"room":"lobby","typing":false}]');
    await client.closed();
    expect(client.heard).to.deep.equal([]);
  });

  it("leave a Socket.IO as it is that is not as expected", () => {
    for (const client of [{}, { decoder: { add }, nsps: new Map() }, { decoder: { add, decodeString: add } }]) {
      takeDirectly(client as never, () => undefined);
      expect(client.decoder?.add ?? add).to.equal(add);
    }
  });
});
