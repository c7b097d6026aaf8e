import { expect } from "chai";
import { startServer } from "../kit/server.ts";
import { caughtUp, connectAll, entriesOf, range, say, seqsOf } from "./scene.ts";

const SENDERS = 20;
const EACH = 20;
const room = "lobby";

describe("the order of a room", () => {
  it("is the same for everyone: 20 senders at once, over websocket and polling, are heard as 1 … 400", async () => {
    await using server = await startServer();
    const users = range(1, SENDERS).map((n) => `user-${n}`);
    await using clients = await connectAll(server, users, (index) => ({
      transports: [index % 2 === 0 ? "websocket" : "polling"],
    }));
    for (const client of clients) await client.request("room:join", { room });
    const total = SENDERS * EACH;
    const stored = await Promise.all(
      clients.flatMap((client, sender) => range(1, EACH).map((n) => say(client, room, `${sender}: ${n}`))),
    );
    expect(seqsOf(stored).toSorted((a, b) => a - b)).to.deep.equal(range(1, total));
    for (const client of clients) await client.event("message:sent", ({ seq }) => seq === total);
    await caughtUp(...clients);

    const [reference, ...others] = clients.map((client) => entriesOf(client).map(({ id, seq }) => `${seq} ${id}`));
    expect(reference).to.have.length(total);
    for (const heard of others) expect(heard).to.deep.equal(reference);
    for (const client of clients) expect(seqsOf(entriesOf(client))).to.deep.equal(range(1, total));

    const [first] = clients;
    for (const sender of clients.keys()) {
      const own = first ? entriesOf(first).filter(({ from }) => from.id === users[sender]) : [];
      expect(own.map(({ text }) => text as string)).to.deep.equal(range(1, EACH).map((n) => `${sender}: ${n}`));
    }
  });
});
