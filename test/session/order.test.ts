import { expect } from "chai";
import type { Authorize } from "../../src/index.ts";
import { startServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

const SENDS = 100;

/** An embedder's rule whose answer takes now no time at all, now a few turns, now some milliseconds. */
function slowAndFast(): Authorize {
  let asked = 0;
  return async () => {
    const kind = (asked++ * 7) % 5;
    if (kind === 0) await new Promise((resolve) => setTimeout(resolve, asked % 4));
    else if (kind < 3) await new Promise((resolve) => setImmediate(resolve));
    return true;
  };
}

describe("requests of one socket", () => {
  for (const [transport, options] of TRANSPORTS) {
    it(`take effect and are answered in the order sent over ${transport}, however long each takes`, async () => {
      await using server = await startServer({ authorize: slowAndFast() });
      await using ann = await server.connect("/chat", "ann", {}, options);
      const answered: number[] = [];
      const sends = Array.from({ length: SENDS }, async (_, n) => {
        const { seq } = await ann.request("message:send", { id: `message-${n}`, room: "lobby", text: `${n}` });
        answered.push(seq);
      });
      await Promise.all(sends);
      const { entries } = await ann.request("history:read", { room: "lobby", limit: SENDS });
      expect(entries.map(({ text }: { text: string }) => Number(text))).to.deep.equal([...Array(SENDS).keys()]);
      expect(answered).to.deep.equal([...Array(SENDS).keys()].map((n) => n + 1));
    });
  }

  it("each find what those before it have done, without waiting for their answers", async () => {
    await using server = await startServer({ authorize: slowAndFast() });
    await using ann = await server.connect("/chat", "ann");
    const room = "lobby";
    const [sent, edited, read, joined, left, members] = await Promise.all([
      ann.request("message:send", { id: "message-1", room, text: "one" }),
      ann.request("message:edit", { id: "message-2", room, target: 1, text: "two" }),
      ann.request("history:read", { room }),
      ann.request("room:join", { room }),
      ann.request("room:leave", { room }),
      ann.request("room:members", { room }),
    ]);
    expect([sent.seq, edited.seq, read.entries[0].text, joined.head]).to.deep.equal([1, 2, "two", 2]);
    expect([joined.memberCount, left, members.memberCount]).to.deep.equal([1, {}, 0]);
  });

  it("are answered in the call in which they are taken where nothing has to be waited for, but not before their turn", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { requests } = server.carillon.chat?.sockets.get(ann.socket.id ?? "")?.data ?? {};
    const answered: string[] = [];
    const take = (id: string, name: string, input: object) => requests?.take([name, input, () => answered.push(id)]);

    take("typing", "typing:set", { room: "lobby", typing: false });
    take("unknown", "no:such", {});
    expect(answered).to.deep.equal(["typing", "unknown"]);
    take("message", "message:send", { id: "message-1", room: "lobby", text: "one" });
    take("behind it", "typing:set", { room: "lobby", typing: false });
    expect(answered).to.deep.equal(["typing", "unknown"]);
    await eventually(() => answered.length === 4);
    take("then", "typing:set", { room: "lobby", typing: false });
    expect(answered).to.deep.equal(["typing", "unknown", "message", "behind it", "then"]);
  });

  it("do not wait for those of another namespace on the same transport", async () => {
    let release!: (allowed: boolean) => void;
    const held = new Promise<boolean>((resolve) => (release = resolve));
    await using server = await startServer({ authorize: () => held });
    await using chat = await server.connect("/chat", "ann");
    await using notify = await chat.beside("/notify", await server.token("ann")).connected();
    const read = chat.request("history:read", { room: "lobby" });
    expect(await notify.request("topic:list")).to.deep.equal({ topics: [] });
    release(true);
    await read;
  });

  it("take effect when the client leaves right after sending them", async () => {
    await using server = await startServer({ authorize: slowAndFast() });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room: "lobby" });
    for (let n = 0; n < 10; n++) ann.socket.emit("message:send", { id: `message-${n}`, room: "lobby", text: `${n}` });
    ann.socket.emit("room:join", { room: "lobby" });
    ann.socket.disconnect();
    await bob.event("message:sent", ({ text }) => text === "9");
    expect(bob.all("message:sent").map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const { body } = await server.call("GET", "/api/rooms/lobby/members");
    expect(body.data.members).to.deep.equal([{ id: "bob", name: "bob" }]);
  });
});
