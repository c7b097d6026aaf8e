import { expect } from "chai";
import type { Client, Wire } from "../../kit/client.ts";
import { eventually } from "../../kit/wait.ts";
import { entriesOf, freshId, range, say, seqsOf, textsOf } from "../../chat/scene.ts";
import { connectInTurn, type Enter, fresh, roomOnEach } from "./scene.ts";

const SENDERS = 20;
const EACH = 10;

/** Which message stands where, as a client has heard it of a room. */
const placesHeard = (client: Client, room: string) =>
  entriesOf(client)
    .filter((entry) => entry.room === room)
    .map(({ epoch, seq, id }) => `${epoch} ${seq} ${id}`);

export function messageSuite(enter: Enter): void {
  it("brings what twenty send on three workers to everybody: all of it, in one order, without a gap, once", async () => {
    const { all } = enter().workers;
    const rooms = roomOnEach();
    await using receivers = await connectInTurn(all, ["ann", "bob", "eve"].map(fresh));
    for (const receiver of receivers) await receiver.request("rooms:join", { rooms: rooms.map((room) => ({ room })) });
    await using senders = await connectInTurn(
      all,
      range(1, SENDERS).map((n) => fresh(`sender-${n}`)),
    );
    const acknowledged = await Promise.all(
      senders.map(async (sender, index) => {
        const own: Wire[] = [];
        for (const n of range(1, EACH)) {
          const message = { id: freshId(), room: rooms[(index + n) % rooms.length], text: "hello" };
          own.push({ ...message, ...(await sender.request("message:send", message)) });
        }
        return own;
      }),
    );
    for (const room of rooms) {
      const there = acknowledged.flat().filter((message) => message.room === room);
      there.sort((one, other) => one.seq - other.seq);
      expect(seqsOf(there)).to.deep.equal(range(1, there.length));
      const expected = there.map(({ epoch, seq, id }) => `${epoch} ${seq} ${id}`);
      for (const receiver of receivers) {
        await eventually(() => placesHeard(receiver, room).length >= expected.length);
        expect(placesHeard(receiver, room)).to.deep.equal(expected);
      }
    }
    expect(acknowledged.flat()).to.have.length(SENDERS * EACH);
  });

  it("takes an id once, whichever workers it is sent to, and however much at once", async () => {
    const { workers, yonder } = enter();
    const [room = ""] = roomOnEach();
    const ann = fresh("ann");
    await using tabs = await connectInTurn([...workers.all, ...workers.all], Array<string>(6).fill(ann));
    await using bob = await yonder.connect("/chat", fresh("bob"));
    await bob.request("room:join", { room });
    const message = { id: freshId(), room, text: "once" };
    const replies = await Promise.all(tabs.map((tab) => tab.request("message:send", message)));
    expect(replies.filter(({ duplicate }) => !duplicate)).to.have.length(1);
    const [{ epoch, seq, at }] = replies;
    for (const reply of replies) expect(reply).to.include({ epoch, seq, at });
    const { seq: last } = await say(bob, room, "and then this");
    await bob.event("message:sent", (entry) => entry.seq === last);
    expect(textsOf(entriesOf(bob))).to.deep.equal(["once", "and then this"]);
  });

  it("goes on where a connection to another worker has ended", async () => {
    const { here, there, yonder } = enter();
    for (const room of roomOnEach()) {
      const user = fresh("ann");
      await using bob = await yonder.connect("/chat", fresh("bob"));
      let since: Wire;
      {
        await using ann = await here.connect("/chat", user);
        await ann.request("room:join", { room });
        for (const n of range(1, 3)) await say(bob, room, `${n}`);
        const { epoch, seq, id } = await ann.event("message:sent", (entry) => entry.seq === 3);
        since = { epoch, seq, id };
      }
      for (const n of range(4, 6)) await say(bob, room, `${n}`);
      await bob.request("message:edit", { id: freshId(), room, target: 2, text: "two" });
      await using ann = await there.connect("/chat", user);
      const { recovered, entries, head } = await ann.request("room:join", { room, since });
      expect({ recovered, head, seqs: seqsOf(entries) }).to.deep.equal({ recovered: true, head: 7, seqs: range(4, 7) });
      await say(bob, room, "8");
      await ann.event("message:sent");
      expect(seqsOf(entriesOf(ann))).to.deep.equal([8]);
    }
  });

  it("tells of edits and deletions everywhere, and leaves nothing of what was deleted on any worker", async () => {
    const { here, there, yonder } = enter();
    for (const room of roomOnEach()) {
      const user = fresh("ann");
      await using ann = await here.connect("/chat", user);
      await using bob = await there.connect("/chat", fresh("bob"));
      for (const client of [ann, bob]) await client.request("room:join", { room });
      const { epoch } = await say(ann, room, "a secret");
      await using phone = await yonder.connect("/chat", user);
      await phone.request("message:edit", { id: freshId(), room, target: 1, text: "a better kept secret" });
      await bob.event("message:edited", ({ target, text }) => target === 1 && text === "a better kept secret");
      await phone.request("message:delete", { id: freshId(), room, target: 1 });
      for (const client of [ann, bob]) await client.event("message:deleted", ({ target }) => target === 1);
      expect(seqsOf(entriesOf(bob))).to.deep.equal([1, 2, 3]);

      await using eve = await yonder.connect("/chat", fresh("eve"));
      const { entries } = await eve.request("room:join", { room, since: { epoch, seq: 0 } });
      const history = await bob.request("history:read", { room });
      expect(seqsOf(entries)).to.deep.equal([1, 2, 3]);
      expect(history.entries[0]).to.include.keys("deletedAt");
      expect(JSON.stringify([entries, history])).to.not.contain("secret");
    }
  });
}
