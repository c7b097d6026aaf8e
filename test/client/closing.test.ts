import { expect } from "chai";
import { CarillonError } from "../../src/protocol/errors.ts";
import { Proxy } from "../kit/proxy.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { channelsOf, chatOf, handshakesOf, open, portOf, reaches, refusalOf } from "./connection.ts";

const roles = ["monitor"] as const;

/** Sends everybody in `/chat` away, for this reason. */
function sendAway(server: TestServer, reason: CarillonError): void {
  for (const socket of server.carillon.chat?.sockets.values() ?? []) socket.data.session.close(reason);
}

describe("a close by the server", () => {
  it("that says when to come back is followed: not before, whatever the delays are; the next time as usual", async () => {
    await using server = await startServer();
    await using connection = open({ url: server.url, token: await server.token("ann") });
    const chat = chatOf(connection);
    await reaches("open", chat);
    const { io: manager } = chat.socket;
    for (const retryAfterMs of [400, 0]) {
      const attempts: number[] = [];
      const attempted = () => attempts.push(performance.now());
      manager.on("reconnect_attempt", attempted);
      const closed = new Promise<number>((resolve) =>
        chat.socket.once("session:closing", () => resolve(performance.now())),
      );
      sendAway(server, new CarillonError("unavailable", { retryAfterMs }));
      const closedAt = await closed;
      expect(chat.getSnapshot().failure).to.include({ code: "unavailable", retryAfterMs });
      await reaches("offline", chat);
      expect(chat.getSnapshot().failure?.code).to.equal("unavailable");
      await reaches("open", chat);
      expect(chat.getSnapshot().failure).to.equal(undefined);
      // A timer may be early by a part of a millisecond.
      expect((attempts[0] ?? 0) - closedAt).to.be.within(Math.max(retryAfterMs, 50) - 1, retryAfterMs * 1.5 + 250);
      expect(manager.reconnectionDelay()).to.equal(20);
      expect(manager.reconnectionDelayMax()).to.equal(100);
      expect(manager.randomizationFactor()).to.equal(0.5);
      manager.off("reconnect_attempt", attempted);
    }
  });

  it("that drains leads to another server", async () => {
    await using here = await startServer({ drainMs: 100 });
    await using there = await startServer();
    let target = portOf(here);
    await using proxy = await Proxy.start({ target: () => target });
    const token = await here.token("ann", { roles: [...roles] });
    await using connection = open({ url: `http://127.0.0.1:${proxy.port}`, token });
    const channels = channelsOf(connection);
    await reaches("open", ...channels);
    const workers = () => channels.map((channel) => channel.getSnapshot().session?.server.worker);
    const before = workers();
    target = portOf(there);
    const drained = here.carillon.drain();
    await eventually(() => workers().every((worker, index) => worker !== before[index]));
    await reaches("open", ...channels);
    await drained;
  });

  it("that is terminal is a refusal with its code; the others go on; reconnect() tries again", async () => {
    await using server = await startServer();
    await using connection = open({ url: server.url, token: () => server.token("ann", { roles: [...roles] }) });
    const [chat, notify, monitor] = channelsOf(connection);
    await reaches("open", chat, notify, monitor);
    sendAway(server, new CarillonError("banned"));
    await reaches("refused", chat);
    expect(chat.getSnapshot().failure).to.deep.equal(new CarillonError("banned").failure);
    expect(chat.getSnapshot().session?.user.id).to.equal("ann");
    expect(chat.socket.active).to.equal(false);
    await notify.request("topic:list", {});
    expect((await refusalOf(chat.request("room:mine", {}))).code).to.equal("unavailable");
    connection.reconnect();
    await reaches("open", chat);
    expect(notify.getSnapshot().status).to.equal("open");
  });

  it("of somebody who was revoked ends all parts, without a storm of tries", async () => {
    await using server = await startServer();
    const handshakes = handshakesOf(server);
    const token = await server.token("ann", { roles: [...roles] });
    let asked = 0;
    await using connection = open({ url: server.url, token: async () => (asked++, token) });
    const channels = channelsOf(connection);
    await reaches("open", ...channels);
    await server.carillon.revoke("ann");
    await reaches("refused", ...channels);
    for (const channel of channels) expect(channel.getSnapshot().failure?.code).to.equal("unauthorized");
    expect(channels.some(({ socket }) => socket.active)).to.equal(false);
    await eventually(() => server.carillon.io.engine.clientsCount === 0);
    // Each part may ask for one more, and then none does.
    expect(asked).to.be.within(2, 4);
    expect(handshakes.length).to.be.most(2);
  });

  it("at the door with banned is not tried again, with no token whatsoever", async () => {
    let asked = 0;
    await using server = await startServer({
      authenticate: () => {
        throw new CarillonError("banned", { details: { untilAt: 5 } });
      },
    });
    await using connection = open({ url: server.url, token: () => `token-${++asked}` });
    const chat = chatOf(connection);
    await reaches("refused", chat);
    expect(chat.getSnapshot().failure).to.deep.equal(new CarillonError("banned", { details: { untilAt: 5 } }).failure);
    expect(chat.socket.active).to.equal(false);
    expect(asked).to.equal(1);
  });

  it("at the door that is retryable is tried again", async () => {
    let isOut = true;
    await using server = await startServer({
      authenticate: () => {
        if (isOut) throw new CarillonError("unavailable");
        return { id: "ann" };
      },
    });
    const handshakes = handshakesOf(server);
    await using connection = open({ url: server.url, token: "any" });
    const chat = chatOf(connection);
    await eventually(() => handshakes.length >= 2);
    expect(chat.getSnapshot().status).to.equal("offline");
    isOut = false;
    await reaches("open", chat);
  });

  it("without a word ends a namespace as refused, one's own disconnect as closed", async () => {
    await using server = await startServer();
    await using connection = open({ url: server.url, token: await server.token("ann") });
    const [chat, notify] = channelsOf(connection);
    await reaches("open", chat, notify);
    server.carillon.chat?.disconnectSockets();
    await reaches("refused", chat);
    expect(chat.getSnapshot().failure?.code).to.equal("unavailable");
    notify.socket.disconnect();
    await reaches("closed", notify);
  });
});
