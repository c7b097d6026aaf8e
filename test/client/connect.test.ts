import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { type Channel, notify } from "../../client/index.ts";
import { freePort } from "../kit/port.ts";
import { startServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually, turns } from "../kit/wait.ts";
import { behindProxy, channelsOf, chatOf, handshakesOf, open, reaches, refusalOf } from "./connection.ts";

describe("a connection", () => {
  for (const [transport, socket] of TRANSPORTS) {
    it(`carries all three parts over one transport (${transport}), and says who one is`, async () => {
      await using server = await startServer();
      const handshakes = handshakesOf(server);
      const token = await server.token("ann", { name: "Ann", roles: ["monitor"] });
      await using connection = open({ url: server.url, token, socket });
      const channels = channelsOf(connection);
      await reaches("open", ...channels);
      for (const channel of channels) {
        const { session } = channel.getSnapshot();
        expect(session?.user).to.deep.equal({ id: "ann", name: "Ann", roles: ["monitor"] });
      }
      expect(await chatOf(connection).request("room:mine", {})).to.deep.equal({ rooms: [] });
      expect(handshakes).to.have.lengthOf(1);
    });
  }

  it("connects the chat when it is first looked at, and not before", async () => {
    await using server = await startServer();
    const handshakes = handshakesOf(server);
    await using connection = open({ url: server.url, token: await server.token("ann") });
    expect(connection.getSnapshot()).to.deep.equal({ status: "connecting" });
    expect(connection.getSnapshot()).to.equal(connection.getSnapshot());
    await turns();
    expect(handshakes).to.deep.equal([]);
    const { chat } = connection;
    expect(connection.chat).to.equal(chat);
    await reaches("open", chatOf(connection));
    expect(server.carillon.notify?.sockets.size).to.equal(0);
  });

  it("is as its best part is: one that is refused takes nothing from the others", async () => {
    await using server = await startServer();
    const statuses: string[] = [];
    await using connection = open({ url: server.url, token: await server.token("ann") });
    connection.subscribe(() => statuses.push(connection.getSnapshot().status));
    const [chat, inbox, board] = channelsOf(connection);
    await reaches("open", chat, inbox);
    await reaches("refused", board);
    expect(board.getSnapshot().failure?.code).to.equal("forbidden");
    expect(connection.getSnapshot().status).to.equal("open");
    await server.carillon.revoke("ann");
    await reaches("refused", chat, inbox);
    expect(connection.getSnapshot()).to.include({ status: "refused" });
    expect(statuses[0]).to.equal("connecting");
    expect(statuses.at(-1)).to.equal("refused");
  });

  it("is tried until it stands, where the server is out at first", async () => {
    let isOut = true;
    await using server = await startServer();
    await using proxy = await behindProxy(server, () => isOut);
    await using connection = open({ url: proxy.url, token: await server.token("ann") });
    const chat = chatOf(connection);
    await reaches("offline", chat);
    const offline = chat.getSnapshot();
    await new Promise<void>((resolve) => chat.socket.io.once("reconnect_error", () => resolve()));
    // Another try that fails is nothing new.
    expect(chat.getSnapshot()).to.equal(offline);
    isOut = false;
    await reaches("open", chat);
  });

  it("keeps its session in view while it is cut, and tells each time it is open", async () => {
    await using server = await startServer();
    await using proxy = await behindProxy(server);
    await using connection = open({ url: proxy.url, token: await server.token("ann") });
    const chat = chatOf(connection);
    const opened: number[] = [];
    const end = chat.whenOpen(({ at }) => opened.push(at));
    await reaches("open", chat);
    const { session } = chat.getSnapshot();
    proxy.cut();
    await reaches("offline", chat);
    expect(chat.getSnapshot().session).to.equal(session);
    await reaches("open", chat);
    expect(opened).to.have.lengthOf(2);
    let isCalled = false;
    chat.whenOpen(() => (isCalled = true))();
    expect(isCalled).to.equal(true);
    end();
    proxy.cut();
    await reaches("offline", chat);
    await reaches("open", chat);
    expect(opened).to.have.lengthOf(2);
  });

  it("hears events until one lets go", async () => {
    await using server = await startServer();
    await using connection = open({ url: server.url, token: await server.token("ann") });
    const { channel } = connection.chat;
    await reaches("open", chatOf(connection));
    await using bob = await server.connect("/chat", "bob");
    const heard: string[] = [];
    const end = channel.on("message:sent", ({ text = "" }) => heard.push(text));
    await channel.request("room:join", { room: "lobby" });
    await bob.request("message:send", { id: "message-1", room: "lobby", text: "one" });
    await eventually(() => heard.length === 1);
    end();
    await bob.request("message:send", { id: "message-2", room: "lobby", text: "two" });
    await channel.request("room:mine", {});
    expect(heard).to.deep.equal(["one"]);
  });
});

/** Runs a module that uses the SDK, to its own end. @returns what it printed, and how it ended */
async function run(code: string): Promise<{ output: string; status: number | null }> {
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
    cwd: new URL("../../", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 15_000,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const [status] = (await once(child, "close")) as [number | null];
  return { output, status };
}

describe("close()", () => {
  it("ends everything, for good: parts that are used later are closed, too", async () => {
    await using server = await startServer();
    const handshakes = handshakesOf(server);
    await using connection = open({ url: server.url, token: () => server.token("ann") });
    const chat = chatOf(connection);
    await reaches("open", chat);
    const pending = refusalOf(chat.request("room:mine", {}));
    connection.close();
    connection.close();
    expect((await pending).code).to.equal("timeout");
    expect(connection.getSnapshot().status).to.equal("closed");
    const later = connection.use(notify).channel as unknown as Channel;
    expect(later.getSnapshot().status).to.equal("closed");
    expect((await refusalOf(later.request("topic:list", {}))).code).to.equal("unavailable");
    connection.reconnect();
    await eventually(() => server.carillon.io.engine.clientsCount === 0);
    expect(handshakes).to.have.lengthOf(1);
    expect(chat.socket.active || later.socket.active).to.equal(false);
  });

  it("leaves nothing that would keep a process alive, in whatever state it finds the connection", async () => {
    await using server = await startServer();
    const token = await server.token("ann", {}, 4);
    const { output, status } = await run(`
      import { connect } from "./client/index.ts";
      const url = ${JSON.stringify(server.url)};
      const out = "http://127.0.0.1:" + ${await freePort()};
      const token = async () => ${JSON.stringify(token)};
      let asked = 0;
      const failing = async () => { asked++; throw new Error("the source is out"); };
      const never = () => { asked++; return new Promise(() => {}); };
      const all = [
        [{ url, token }, "open"],
        [{ url, token, socket: { transports: ["websocket"] } }, "open"],
        [{ url, token: "bad" }, "refused"],
        [{ url: out, token }, "offline"],
        [{ url, token: failing }, "connecting", 1],
        [{ url, token: never }, "connecting", 2],
        [{ url, token }, "connecting"],
      ];
      for (const [options, status, least = 0] of all) {
        const connection = connect(options);
        const { channel } = connection.chat;
        while (channel.getSnapshot().status !== status || asked < least) await new Promise((resolve) => setTimeout(resolve, 5));
        connection.close();
        console.log(status);
      }
    `);
    expect(status).to.equal(0);
    expect(output.trim().split("\n")).to.have.lengthOf(7);
  });
});
