import { expect } from "chai";
import type { Client, Wire } from "../../kit/client.ts";
import { eventually } from "../../kit/wait.ts";
import { caughtUp, range, say } from "../../chat/scene.ts";
import { connectInTurn, type Enter, fresh, roomOn, roomOnEach } from "./scene.ts";

/** What a client was told of comings and goings. */
const changesOf = (client: Client) =>
  client.all("presence:changed").map(({ version, joined, left, memberCount }) => ({
    version: version as number,
    joined: joined.map(({ id }: Wire) => id as string),
    left: left.map(({ id }: Wire) => id as string),
    memberCount: memberCount as number,
  }));

const namesOf = ({ joined, left }: ReturnType<typeof changesOf>[number]) => [
  ...joined.map((id: string) => `+${id}`),
  ...left.map((id: string) => `-${id}`),
];

const told = (client: Client, name: string) =>
  eventually(() => changesOf(client).some((change) => namesOf(change).includes(name)));

export function attendingSuite(enter: Enter): void {
  it("counts a user on tabs of two workers once, and tells every worker once of his coming and going", async () => {
    const { here, there, yonder } = enter();
    const room = roomOn(1);
    const [ann, bob, eve, dan] = ["ann", "bob", "eve", "dan"].map(fresh) as [string, string, string, string];
    await using bobs = await there.connect("/chat", bob);
    await using eves = await yonder.connect("/chat", eve);
    await bobs.request("room:join", { room });
    await eves.request("room:join", { room });
    await told(bobs, `+${eve}`);
    for (const client of [bobs, eves]) client.forget();

    await using phone = await here.connect("/chat", ann);
    await using laptop = await there.connect("/chat", ann);
    for (const tab of [phone, laptop]) expect(await tab.request("room:join", { room })).to.include({ memberCount: 3 });
    for (const client of [bobs, eves]) await told(client, `+${ann}`);
    await phone.request("room:leave", { room });
    expect(await eves.request("room:members", { room })).to.include({ memberCount: 3 });
    // What is told of him comes later than what would have been told of the phone.
    await using dans = await here.connect("/chat", dan);
    await dans.request("room:join", { room });
    for (const client of [bobs, eves, laptop]) await told(client, `+${dan}`);
    await laptop.request("room:leave", { room });
    for (const client of [bobs, eves, dans]) await told(client, `-${ann}`);

    expect(changesOf(bobs)).to.deep.equal(changesOf(eves));
    expect(changesOf(bobs).map(namesOf)).to.deep.equal([[`+${ann}`], [`+${dan}`], [`-${ann}`]]);
    expect(changesOf(bobs).map(({ memberCount }) => memberCount)).to.deep.equal([3, 4, 3]);
    expect(changesOf(laptop).map(namesOf)).to.deep.equal([[`+${dan}`]]);
    expect(changesOf(phone)).to.deep.equal([]);
    expect(changesOf(dans).map(namesOf)).to.deep.equal([[`-${ann}`]]);
  });

  it("tells those who come in the same second, each on another worker, of those who come after them", async () => {
    const { all, yonder } = { ...enter(), ...enter().workers };
    const room = roomOn(2);
    const users = ["ann", "bob", "eve"].map(fresh);
    await using clients = await connectInTurn(all, users);
    await using dan = await yonder.connect("/chat", fresh("dan"));
    await dan.request("room:join", { room });
    const shown: string[][] = [];
    for (const client of clients) {
      const { members } = await client.request("room:join", { room });
      shown.push(members.map(({ id }: Wire) => id as string));
    }
    // Everybody knows everybody: by his ack, or by what he was told.
    for (const [index, client] of clients.entries()) {
      for (const user of users) if (!shown[index]?.includes(user)) await told(client, `+${user}`);
      expect(changesOf(client).flatMap(namesOf)).to.not.include(`+${users[index]}`);
    }
    await told(dan, `+${users[2]}`);
    expect(changesOf(dan).flatMap(namesOf)).to.have.members(users.map((user) => `+${user}`));
  });

  it("tells who types, and who has read how far, on every worker", async () => {
    const { here, there, yonder } = enter();
    for (const room of roomOnEach()) {
      const user = fresh("ann");
      await using ann = await here.connect("/chat", user);
      await using phone = await there.connect("/chat", user);
      await using bob = await there.connect("/chat", fresh("bob"));
      await using eve = await yonder.connect("/chat", fresh("eve"));
      for (const client of [ann, bob, eve]) await client.request("room:join", { room });
      for (const n of range(1, 3)) await say(bob, room, `${n}`);

      for (const typing of [true, false]) {
        await ann.request("typing:set", { room, typing });
        for (const client of [bob, eve])
          await client.event("typing:changed", (change) => change.user === user && change.typing === typing);
      }
      expect(await ann.request("marker:move", { room, seq: 2 })).to.deep.equal({ seq: 2, unread: 1 });
      // Who does not attend hears it on his other devices.
      for (const client of [bob, eve, phone])
        await client.event("marker:moved", (moved) => moved.user === user && moved.seq === 2);
      expect(await phone.request("marker:move", { room, seq: 1 })).to.deep.equal({ seq: 2, unread: 1 });

      await caughtUp(ann, bob, eve);
      expect(ann.all("typing:changed")).to.deep.equal([]);
      for (const client of [bob, eve]) {
        expect(client.all("typing:changed").map(({ typing }) => typing as boolean)).to.deep.equal([true, false]);
        expect(client.all("marker:moved")).to.have.length(1);
      }
    }
  });

  it("tells a member who does not attend that a room has changed: at most once a second over all workers", async () => {
    const { workers, yonder } = enter();
    const room = roomOn(0);
    const user = fresh("ann");
    await using ann = await yonder.connect("/chat", user);
    await ann.request("room:join", { room });
    await ann.request("room:leave", { room });
    await using senders = await connectInTurn(workers.all, ["bob", "eve", "dan"].map(fresh));
    const startMs = performance.now();
    const sent = await Promise.all(senders.flatMap((sender) => range(1, 10).map((n) => say(sender, room, `${n}`))));
    expect(sent).to.have.length(30);
    await ann.event("room:changed", ({ head }) => head === 30);
    const seconds = (performance.now() - startMs) / 1000;
    const heard = ann.all("room:changed");
    expect(heard.length).to.be.within(1, 1 + Math.ceil(seconds));
    expect(heard.every((change) => change.room === room)).to.equal(true);
  });

  it("has one direct room for two who open it on two workers at once", async () => {
    const { here, there, yonder } = enter();
    const [ann, bob] = [fresh("ann"), fresh("bob")];
    await using anns = await here.connect("/chat", ann);
    await using bobs = await there.connect("/chat", bob);
    await using phone = await yonder.connect("/chat", bob);
    const [{ room }, other] = await Promise.all([
      anns.request("room:direct", { user: bob }),
      bobs.request("room:direct", { user: ann }),
    ]);
    expect(other).to.deep.equal({ room });
    await bobs.request("room:join", { room });
    await say(anns, room, "psst");
    await bobs.event("message:sent", ({ text }) => text === "psst");
    const { rooms } = await phone.request("room:mine");
    expect(rooms).to.have.length(1);
    expect(rooms[0]).to.include({ room, kind: "direct", head: 1, unread: 1, with: ann });
    await using eve = await yonder.connect("/chat", fresh("eve"));
    expect(await eve.refusal("room:join", { room })).to.equal("forbidden");
  });
}
