import { expect } from "chai";
import { REQUESTABLE } from "../../src/http/contract.ts";
import { monitor } from "../../src/namespaces/monitor/contract.ts";
import type { RequestSpec } from "../../src/protocol/contract.ts";
import type { Wire } from "../kit/client.ts";
import { type HttpReply, startServer, type TestServer } from "../kit/server.ts";

const MODERATOR = { roles: ["moderator"] };

/** In this order, for a lobby in which ann has written one message, and an inbox of hers with one notification. */
const INPUTS: Record<string, { input: object; reply: object; more?: object }> = {
  "room:direct": { input: { user: "bob" }, reply: {} },
  "message:send": { input: { id: "message-2", room: "lobby", text: "two" }, reply: { seq: 2, duplicate: false } },
  "message:edit": {
    input: { id: "edit-no-1", room: "lobby", target: 2, text: "2" },
    reply: { seq: 3, duplicate: false },
  },
  "message:delete": { input: { id: "delete-1", room: "lobby", target: 1 }, reply: { seq: 4, duplicate: false } },
  "history:read": { input: { room: "lobby" }, reply: { more: false } },
  "marker:move": { input: { room: "lobby", seq: 4 }, reply: { seq: 4, unread: 0 } },
  "typing:set": { input: { room: "lobby", typing: true }, reply: {} },
  "room:members": { input: { room: "lobby" }, reply: { memberCount: 0, members: [] } },
  "room:list": { input: {}, reply: {} },
  "member:add": { input: { room: "lobby", user: "ann" }, reply: {}, more: MODERATOR },
  "room:mine": { input: {}, reply: {} },
  "room:quit": { input: { room: "lobby" }, reply: {} },
  "member:kick": { input: { room: "lobby", user: "bob" }, reply: {}, more: MODERATOR },
  "member:ban": { input: { room: "lobby", user: "bob" }, reply: {}, more: MODERATOR },
  "member:unban": { input: { room: "lobby", user: "bob" }, reply: {}, more: MODERATOR },
  "member:mute": { input: { room: "lobby", user: "bob" }, reply: {}, more: MODERATOR },
  "member:unmute": { input: { room: "lobby", user: "bob" }, reply: {}, more: MODERATOR },
  "inbox:read": { input: {}, reply: { unread: 1, more: false } },
  "notification:read": { input: { ids: ["notice-1"] }, reply: { unread: 0 } },
  "notification:archive": { input: { ids: ["notice-1"] }, reply: { unread: 0 } },
  "topic:subscribe": { input: { topic: "news" }, reply: { topics: ["news"] } },
  "topic:list": { input: {}, reply: { topics: ["news"] } },
  "topic:unsubscribe": { input: { topic: "news" }, reply: { topics: [] } },
};

const specs = REQUESTABLE.flatMap(({ requests }) => Object.entries<RequestSpec>(requests));
const ask = (server: TestServer, name: string, input: unknown, as = "ann", more: object = {}): Promise<HttpReply> =>
  server.call("POST", `/api/requests/${name}`, { as, input, ...more });

describe("POST /api/requests/:name", () => {
  it("makes every request of /chat and /notify that needs no socket, and answers as the ack does", async () => {
    await using server = await startServer();
    expect(Object.keys(INPUTS)).to.have.members(specs.flatMap(([name, { socket }]) => (socket ? [] : [name])));
    await ask(server, "message:send", { id: "message-1", room: "lobby", text: "one" });
    await server.carillon.publish(["ann"], { id: "notice-1", title: "Hello" });
    for (const [name, { input, reply, more }] of Object.entries(INPUTS)) {
      const { status, body } = await ask(server, name, input, "ann", more);
      expect([status, body.ok], `${name}: ${JSON.stringify(body)}`).to.deep.equal([200, true]);
      expect(body.data, name).to.deep.include(reply);
      const contract = specs.find(([other]) => other === name)?.[1].reply.parse(body.data);
      expect(body.data, name).to.deep.equal(contract);
    }
  });

  it("refuses those which need a socket with bad_request", async () => {
    await using server = await startServer();
    const names = specs.flatMap(([name, { socket }]) => (socket ? [name] : []));
    expect(names).to.include.members(["room:join", "rooms:join", "room:leave", "inbox:open", "token:refresh"]);
    for (const name of names) {
      const input = { room: "lobby", rooms: [{ room: "lobby" }], token: "x" };
      const { status, body } = await ask(server, name, input);
      expect([status, body.error.code], name).to.deep.equal([400, "bad_request"]);
    }
  });

  it("knows no others: those of /monitor neither", async () => {
    await using server = await startServer();
    for (const name of [
      "nothing:done",
      "__proto__",
      "constructor",
      "message%3Asent",
      ...Object.keys(monitor.requests),
    ]) {
      if (name === "token:refresh") continue;
      const { status, body } = await ask(server, name, {}, "ann", { roles: ["monitor"] });
      expect([status, body.error.code], name).to.deep.equal([404, "unknown_request"]);
    }
  });

  it("acts as the user: sockets hear of it, under the user's name, or the id where none is given", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room: "lobby" });
    await ask(server, "message:send", { id: "message-1", room: "lobby", text: "one" }, "ann", { name: "Ann" });
    await ask(server, "message:send", { id: "message-2", room: "lobby", text: "two" }, "auth0|7+x@example.org");
    await bob.event("message:sent", ({ seq }) => seq === 2);
    expect(bob.all("message:sent").map(({ from, text }) => [from, text])).to.deep.equal([
      [{ id: "ann", name: "Ann" }, "one"],
      [{ id: "auth0|7+x@example.org", name: "auth0|7+x@example.org" }, "two"],
    ]);
  });

  it("answers a socket's id as that socket would be answered: it is the same log and the same handler", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const message = { id: "message-1", room: "lobby", text: "one" };
    const sent = await ann.request("message:send", message);
    const { body } = await ask(server, "message:send", message);
    expect(body).to.deep.equal({ ok: true, data: { ...sent, duplicate: true } });
    const history = await ann.request("history:read", { room: "lobby" });
    expect((await ask(server, "history:read", { room: "lobby" })).body.data).to.deep.equal(history);
  });

  it("has the user's rights and no others", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    const send = (as: string, id: string, more?: object) =>
      ask(server, "message:send", { id, room: "staff", text: "Hi" }, as, more);
    expect((await send("ann", "message-1")).body.error.code).to.equal("forbidden");
    expect((await ask(server, "member:add", { room: "staff", user: "ann" }, "ann")).status).to.equal(403);
    await ask(server, "member:add", { room: "staff", user: "ann" }, "boss", MODERATOR);
    expect((await send("ann", "message-1")).status).to.equal(200);
    expect((await send("bob", "message-2")).status).to.equal(403);
    const edit = { id: "edit-no-1", room: "staff", target: 1, text: "Mine" };
    expect((await ask(server, "message:edit", edit, "boss", MODERATOR)).body.error.code).to.equal("forbidden");

    await ask(server, "member:mute", { room: "staff", user: "ann", forSec: 60 }, "boss", MODERATOR);
    const muted = (await send("ann", "message-3")).body.error;
    expect(muted).to.include({ code: "muted", retryable: false });
    expect(muted.details.untilAt).to.be.greaterThan(Date.now());
    await ask(server, "member:ban", { room: "staff", user: "ann" }, "boss", MODERATOR);
    expect((await ask(server, "history:read", { room: "staff" })).body.error.code).to.equal("banned");
  });

  it("checks the input by the contract, and says where it is wrong", async () => {
    await using server = await startServer();
    for (const input of [undefined, null, [], "text", {}, { room: "lobby", id: "short", text: "" }]) {
      const { status, body } = await ask(server, "message:send", input);
      expect([status, body.error.code], JSON.stringify(input)).to.deep.equal([400, "bad_request"]);
    }
    const { body } = await ask(server, "message:send", { id: "message-1", room: "..", text: "Hi", extra: 1 });
    expect(body.error.details.issues.map(({ path }: Wire) => path)).to.deep.equal(["room"]);
    expect(
      (await ask(server, "message:send", { id: "message-1", room: "lobby", text: "Hi", extra: 1 })).status,
    ).to.equal(200);
  });

  it("asks whom it is for", async () => {
    await using server = await startServer();
    for (const body of [
      {},
      { input: {} },
      { as: "", input: {} },
      { as: "with space", input: {} },
      { as: 7, input: {} },
    ]) {
      const { status } = await server.call("POST", "/api/requests/topic:list", body);
      expect(status, JSON.stringify(body)).to.equal(400);
    }
    expect((await ask(server, "topic:list", {}, "ann", { roles: ["god"] })).status).to.equal(400);
  });
});
