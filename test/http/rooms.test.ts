import { expect } from "chai";
import type { Wire } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { startServer, type TestServer } from "../kit/server.ts";

const post = (server: TestServer, room: string, body: object) =>
  server.call("POST", `/api/rooms/${room}/messages`, body);
const seqs = (entries: Wire[]) => entries.map(({ seq }) => seq);

describe("POST /api/rooms/:room/messages", () => {
  it("stores a message and tells those who attend, 201", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await ann.request("room:join", { room: "lobby" });
    const body = { id: "message-1", text: "Lunch!", type: "notice", data: { hour: 12 } };
    const { status, body: reply } = await post(server, "lobby", body);
    const heard = await ann.event("message:sent");
    expect(status).to.equal(201);
    expect(reply).to.deep.equal({ ok: true, data: { epoch, seq: 1, at: heard.at, duplicate: false } });
    expect(heard).to.deep.include({ ...body, from: { id: "service", name: "Service" } });
  });

  it("is from whom it says, and the same id again is the same message", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room: "lobby" });
    const body = { id: "message-1", text: "Hi", from: { id: "bot", name: "Bot" } };
    const first = await post(server, "lobby", body);
    const second = await post(server, "lobby", { ...body, text: "Something else" });
    expect(second.status).to.equal(201);
    expect(second.body.data).to.deep.equal({ ...first.body.data, duplicate: true });
    expect((await post(server, "lobby", { ...body, from: { id: "cat", name: "Cat" } })).body.data.seq).to.equal(2);
    await ann.event("message:sent", ({ seq }) => seq === 2);
    expect(ann.all("message:sent").map(({ from, text }) => [from.id, text])).to.deep.equal([
      ["bot", "Hi"],
      ["cat", "Hi"],
    ]);
  });

  it("is let into closed rooms, but not as somebody who is banned there, nor into direct rooms that are not", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    const body = { id: "message-1", text: "Hi" };
    expect((await post(server, "staff", body)).status).to.equal(201);
    await server.call("POST", "/api/requests/member:ban", {
      as: "boss",
      roles: ["moderator"],
      input: { room: "staff", user: "bot" },
    });
    const refused = await post(server, "staff", { ...body, from: { id: "bot", name: "Bot" } });
    expect([refused.status, refused.body.error.code]).to.deep.equal([403, "banned"]);
    expect((await post(server, "dm-nobody", body)).status).to.equal(403);
  });

  it("checks what is sent", async () => {
    await using server = await startServer();
    const bad = [{}, { id: "message-1" }, { id: "short", text: "Hi" }, { id: "message-1", text: " " }];
    for (const body of [
      ...bad,
      { id: "message-1", text: "x".repeat(4001) },
      { id: "message-1", text: "Hi", from: "bot" },
    ])
      expect((await post(server, "lobby", body)).status, JSON.stringify(body).slice(0, 80)).to.equal(400);
    for (const room of ["a%20b", "%2E%2E%2E", "x".repeat(65), "caf%C3%A9"])
      expect((await post(server, room, { id: "message-1", text: "Hi" })).status, room).to.equal(400);
  });
});

describe("GET /api/rooms/:room/messages", () => {
  it("reads a room page by page, oldest first, with what was edited and deleted folded in", async () => {
    await using server = await startServer();
    for (let n = 1; n <= 60; n++) await post(server, "lobby", { id: `message-${n}`, text: `${n}` });
    const get = async (query: string) => (await server.call("GET", `/api/rooms/lobby/messages${query}`)).body.data;
    const newest = await get("");
    expect(seqs(newest.entries)).to.deep.equal(Array.from({ length: 50 }, (_, index) => index + 11));
    expect(newest.more).to.equal(true);
    const older = await get("?before=11&limit=300");
    expect(seqs(older.entries)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(older).to.include({ more: false, epoch: newest.epoch });
    expect(seqs((await get(`?before=5&limit=2&epoch=${newest.epoch}`)).entries)).to.deep.equal([3, 4]);

    await using ann = await server.connect("/chat", "ann", { roles: ["moderator"] });
    await ann.request("message:delete", { id: "deletion-1", room: "lobby", target: 60 });
    const [last] = (await get("?limit=1")).entries;
    expect(last).to.include({ seq: 60 }).and.to.have.property("deletedAt");
    expect(last).not.to.have.property("text");
  });

  it("refuses numbers that are none, and another epoch", async () => {
    await using server = await startServer();
    await post(server, "lobby", { id: "message-1", text: "Hi" });
    for (const query of [
      "limit=0",
      "limit=301",
      "limit=x",
      "limit=",
      "before=0",
      "before=-1",
      "before=1.5",
      "limit=1&limit=2",
    ])
      expect((await server.call("GET", `/api/rooms/lobby/messages?${query}`)).status, query).to.equal(400);
    const { status, body } = await server.call("GET", "/api/rooms/lobby/messages?before=1&epoch=another");
    expect([status, body.error.code]).to.deep.equal([409, "conflict"]);
  });
});

describe("/api/rooms/:room/members", () => {
  it("tells who attends now", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann", { name: "Ann" });
    await ann.request("room:join", { room: "lobby" });
    const { status, body } = await server.call("GET", "/api/rooms/lobby/members");
    expect(status).to.equal(200);
    expect(body.data).to.deep.include({ members: [{ id: "ann", name: "Ann" }], memberCount: 1 });
    expect((await server.call("GET", "/api/rooms/empty/members")).body.data).to.deep.include({
      members: [],
      memberCount: 0,
    });
  });

  it("PUT makes a user a member for good, DELETE ends it and takes the user's sockets out", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    const user = "auth0|7+x@example.org";
    const path = `/api/rooms/staff/members/${encodeURIComponent(user)}`;
    await using device = await server.connect("/chat", user);
    expect(await device.refusal("room:join", { room: "staff" })).to.equal("forbidden");
    for (let again = 0; again < 2; again++) {
      const { status, body } = await server.call("PUT", path);
      expect({ status, body }).to.deep.equal({ status: 200, body: { ok: true, data: {} } });
    }
    await device.request("room:join", { room: "staff" });
    expect((await device.request("room:mine")).rooms.map(({ room }: Wire) => room)).to.deep.equal(["staff"]);

    for (let again = 0; again < 2; again++) expect((await server.call("DELETE", path)).status).to.equal(200);
    expect(await device.refusal("room:join", { room: "staff" })).to.equal("forbidden");
    expect((await device.request("room:mine")).rooms).to.deep.equal([]);
    await post(server, "staff", { id: "message-1", text: "Among us" });
    await device.request("room:mine");
    expect(device.all("message:sent")).to.deep.equal([]);
  });

  it("asks for a room and a user", async () => {
    await using server = await startServer();
    for (const path of [
      "/api/rooms/a%20b/members/ann",
      "/api/rooms/lobby/members/a%20b",
      "/api/rooms/lobby/members/%00",
    ])
      expect((await server.call("PUT", path)).status, path).to.equal(400);
    expect((await server.call("PUT", "/api/rooms/dm-x/members/ann")).status).to.equal(403);
  });
});

describe("DELETE /api/users/:user/sessions", () => {
  it("closes that user's sockets everywhere and refuses the tokens issued until now", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    const token = await server.token("ann");
    await using chat = await server.client("/chat", token).connected();
    await using notify = await server.client("/notify", token).connected();
    await using bob = await server.connect("/chat", "bob");
    const { status, body } = await server.call("DELETE", "/api/users/ann/sessions");
    expect({ status, body }).to.deep.equal({ status: 200, body: { ok: true, data: {} } });
    for (const client of [chat, notify])
      expect(await client.event("session:closing")).to.include({ code: "unauthorized", retryable: false });

    await using late = server.client("/chat", token);
    const refused = await new Promise<Error>((resolve) => late.socket.once("connect_error", resolve));
    expect(refused.message).to.equal("unauthorized");
    await clock.advance(1);
    await using again = await server.connect("/chat", "ann");
    await again.request("room:mine");
    await bob.request("room:mine");
  });
});
