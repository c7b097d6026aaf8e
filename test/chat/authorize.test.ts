import { expect } from "chai";
import type { Authorize } from "../../src/namespaces/chat/context.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { caughtUp, entriesOf, freshId, lose, say } from "./scene.ts";

const room = "lobby";

/** A hook that decides when it is told to. */
function decidedLater() {
  const asked: ((allowed: boolean) => void)[] = [];
  const authorize: Authorize = ({ action }) =>
    action === "moderate" || new Promise<boolean>((decide) => asked.push(decide));
  return { asked, authorize };
}

describe("an authorize hook", () => {
  it("replaces the rule: it is asked who wants to do what, and what it says holds", async () => {
    const seen: string[] = [];
    const authorize: Authorize = ({ user, action, room: wanted }) => {
      seen.push(`${user.id} ${action} ${wanted}`);
      return wanted !== "refused";
    };
    await using server = await startServer({ authorize, roomAccess: "open" });
    await using ann = await server.connect("/chat", "ann", { rooms: ["*"] });
    await server.call("PUT", "/api/rooms/refused/members/ann");
    expect(await ann.refusal("room:join", { room: "refused" })).to.equal("forbidden");
    expect(await ann.refusal("message:send", { id: freshId(), room: "refused", text: "x" })).to.equal("forbidden");
    await ann.request("room:join", { room });
    await say(ann, room, "hello");
    await ann.request("member:mute", { room, user: "bob" });
    const calls = ["enter refused", "send refused", "enter lobby", "send lobby", "moderate lobby"];
    expect(seen).to.deep.equal(calls.map((call) => `ann ${call}`));
  });

  it("lets in where the rule would not", async () => {
    await using server = await startServer({ authorize: async () => true, roomAccess: "closed" });
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room });
    await say(ann, room, "hello");
  });

  it("has to say true, and nothing else, to allow", async () => {
    let answer: unknown;
    // As a hook in plain JavaScript may do.
    const authorize = (() => answer) as Authorize;
    await using server = await startServer({ authorize });
    await using ann = await server.connect("/chat", "ann");
    for (answer of [false, undefined, null, "yes", 1, {}]) {
      expect(await ann.refusal("room:join", { room })).to.equal("forbidden");
    }
    answer = Promise.resolve(true);
    await ann.request("room:join", { room });
  });

  it("may refuse with a code of its own; what else it throws is unavailable, and tells nothing of the cause", async () => {
    let thrown: unknown;
    const authorize: Authorize = () => {
      throw thrown;
    };
    await using server = await startServer({ authorize });
    await using ann = await server.connect("/chat", "ann");
    thrown = new CarillonError("room_full", { retryAfterMs: 1500, details: { seats: 3 } });
    const full = await ann.ask("room:join", { room });
    expect(!full.ok && full.error).to.deep.include({ code: "room_full", retryable: true, retryAfterMs: 1500 });
    expect(!full.ok && full.error.details).to.deep.equal({ seats: 3 });
    for (thrown of [new Error("SELECT secret FROM users"), "text", undefined]) {
      const ack = await ann.ask("room:join", { room });
      expect(!ack.ok && ack.error.code).to.equal("unavailable");
      expect(JSON.stringify(ack)).to.not.include("secret");
    }
  });

  it("has 5 s; then the answer is timeout", async () => {
    const clock = fakeClock();
    const { asked, authorize } = decidedLater();
    await using server = await startServer({ authorize, clock });
    await using ann = await server.connect("/chat", "ann");
    await using other = await server.connect("/chat", "bob");
    const joining = ann.ask("room:join", { room });
    await eventually(() => asked.length === 1);
    await clock.advance(4_999);
    let answered = false;
    void joining.then(() => (answered = true));
    await caughtUp(other);
    expect(answered).to.equal(false);
    await clock.advance(1);
    const ack = await joining;
    expect(!ack.ok && ack.error).to.include({ code: "timeout", retryable: true });
    expect((await ann.request("room:mine")).rooms).to.deep.equal([]);
  });

  it("cannot let anybody into a direct room that the server has not made", async () => {
    await using server = await startServer({ authorize: () => true });
    await using ann = await server.connect("/chat", "ann");
    expect(await ann.refusal("room:join", { room: "dm-made-up" })).to.equal("forbidden");
  });

  it("hides from room:list what it does not let the caller enter", async () => {
    await using server = await startServer({
      authorize: ({ user, room: wanted }) => user.id === "ann" || wanted !== "attic",
      roomAccess: "open",
    });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const id of ["attic", "lobby"]) await ann.request("room:join", { room: id });
    expect((await ann.request("room:list")).rooms).to.have.length(2);
    expect((await bob.request("room:list")).rooms.map((listed: { room: string }) => listed.room)).to.deep.equal([room]);
  });

  it("does not bring back a client that was gone before it had decided", async () => {
    const { asked, authorize } = decidedLater();
    await using server = await startServer({ authorize });
    await using ann = await server.connect("/chat", "ann");
    ann.socket.emit("room:join", { room });
    await eventually(() => asked.length === 1);
    await lose(server, ann);
    asked[0]?.(true);
    const reply = await server.call("GET", `/api/rooms/${room}/members`);
    expect(reply.body.data).to.deep.include({ members: [], memberCount: 0 });
    expect(server.carillon.chat?.adapter.rooms.has(`room:${room}`)).to.equal(false);
  });

  for (const [action, code] of [
    ["kick", "forbidden"],
    ["ban", "banned"],
    ["quit", "forbidden"],
  ] as const) {
    it(`does not let in whose attending was ended by a ${action} before it had decided`, async () => {
      const { asked, authorize } = decidedLater();
      await using server = await startServer({ authorize });
      await using ann = await server.connect("/chat", "ann");
      await using other = await server.connect("/chat", action === "quit" ? "ann" : "mod");
      const joining = ann.ask("room:join", { room });
      await eventually(() => asked.length === 1);
      if (action === "quit") await other.request("room:quit", { room });
      else await other.request(`member:${action}`, { room, user: "ann" });
      asked[0]?.(true);
      // Why it ended is asked for, too.
      await eventually(() => asked.length === 2);
      asked[1]?.(true);
      const ack = await joining;
      expect(!ack.ok && ack.error.code).to.equal(code);
      expect((await ann.request("room:mine")).rooms).to.deep.equal([]);
      expect((await server.call("GET", `/api/rooms/${room}/members`)).body.data.memberCount).to.equal(0);
      await server.call("POST", `/api/rooms/${room}/messages`, { id: freshId(), text: "x" });
      await caughtUp(ann);
      expect(entriesOf(ann)).to.deep.equal([]);
    });
  }
});
