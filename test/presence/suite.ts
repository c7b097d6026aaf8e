import { expect } from "chai";
import { GATHER_MS, GRACE_MS, type PresenceChange } from "../../src/presence/index.ts";
import { eventually } from "../kit/wait.ts";
import { type OpenPresence, scenes } from "./scene.ts";

const idsOf = (members: PresenceChange["joined"]) => members.map(({ id }) => id);

/** What every presence has to do, wherever it is kept. To be called within a `describe`. */
export function presenceSuite(open: OpenPresence): void {
  const start = scenes(open);

  describe("who attends", () => {
    it("is a user once, however many connections, until the last one leaves", async () => {
      const { enter, leave, presence, room } = await start();
      await enter("ann", "phone", "Ann");
      await enter("ann", "laptop", "Ann");
      await enter("bob");
      const { members, memberCount } = await presence.attending(room, 10);
      expect(members).to.deep.equal([
        { id: "ann", name: "Ann" },
        { id: "bob", name: "bob" },
      ]);
      expect(memberCount).to.equal(2);
      await leave("ann", "phone");
      expect((await presence.attending(room, 10)).memberCount).to.equal(2);
      await leave("ann", "laptop");
      expect((await presence.attending(room, 10)).members).to.deep.equal([{ id: "bob", name: "bob" }]);
    });

    it("is shown up to as many as asked for, and counted whole", async () => {
      const { enter, presence, room } = await start();
      for (const user of ["a", "b", "c"]) await enter(user);
      expect(await presence.attending(room, 2)).to.deep.include({ memberCount: 3 });
      expect((await presence.attending(room, 2)).members).to.have.length(2);
      expect((await presence.attending(room, 0)).members).to.deep.equal([]);
    });

    it("is shown to whoever enters as it is from then on, up to as many as asked for", async () => {
      const { presence, room, version } = await start();
      const enterAs = (id: string, name: string, most?: number) => presence.enter(room, { id, name }, id, most);
      const first = await enterAs("ann", 'Ann "\\/\n\u007f\u2028" Ü', 10);
      expect(first).to.deep.equal(await presence.attending(room, 10));
      expect(first.members).to.deep.equal([{ id: "ann", name: 'Ann "\\/\n\u007f\u2028" Ü' }]);
      const again = await enterAs("ann", "Ann", 10);
      expect(again.version).to.be.above(first.version);
      expect(again).to.deep.include({ members: [{ id: "ann", name: "Ann" }], memberCount: 1 });
      expect((await enterAs("bob", "Bob", 1)).members).to.have.length(1);
      expect(await enterAs("cat", "Cat")).to.deep.equal({ version: await version(), members: [], memberCount: 3 });
    });

    it("is shown anew to each who enters, whoever came, left, was sent out or renamed since the one before", async () => {
      const { presence, room, enter, leave } = await start();
      const shownTo = async (connection: string, name = "Ann") => {
        const { members } = await presence.enter(room, { id: "ann", name }, connection, 10);
        return members.map((member) => member.name).toSorted();
      };
      expect(await shownTo("first")).to.deep.equal(["Ann"]);
      expect(await shownTo("second")).to.deep.equal(["Ann"]);
      await enter("bob");
      await enter("cat");
      expect(await shownTo("third")).to.deep.equal(["Ann", "bob", "cat"]);
      await leave("bob");
      expect(await shownTo("fourth")).to.deep.equal(["Ann", "cat"]);
      await presence.expel(room, "cat");
      expect(await shownTo("fifth")).to.deep.equal(["Ann"]);
      expect(await shownTo("sixth", "Anna")).to.deep.equal(["Anna"]);
      expect(await shownTo("seventh", "Anna")).to.deep.equal(["Anna"]);
    });

    it("is nobody in a room that nobody entered", async () => {
      const { there, presence, room, leave, drop } = await start();
      expect(await there()).to.deep.equal([]);
      expect(await presence.absent(room, ["ann"])).to.deep.equal(["ann"]);
      await leave("ann");
      await drop("ann");
      expect((await presence.attending(room, 1)).memberCount).to.equal(0);
    });

    it("is not who was expelled, over any connection, and that is told once", async () => {
      const { enter, drop, there, presence, room, advance, told } = await start();
      await enter("bob");
      await enter("ann", "phone");
      await enter("ann", "laptop");
      await drop("ann", "laptop");
      await told();
      await presence.expel(room, "ann");
      await presence.expel(room, "nobody");
      expect(await there()).to.deep.equal(["bob"]);
      const [, left] = await told(2);
      expect(left).to.deep.include({ joined: [], left: [{ id: "ann", name: "ann" }], memberCount: 1 });
      await advance(GRACE_MS + GATHER_MS);
      expect(await told(2)).to.have.length(2);
    });

    it("does not change by the leaving of a connection that is not there", async () => {
      const { enter, leave, there, presence } = await start();
      await enter("ann", "phone");
      await leave("ann", "laptop");
      await leave("bob", "phone");
      await presence.leave("another", "ann", "phone");
      expect(await there()).to.deep.equal(["ann"]);
    });

    it("may have any id, in a room of any name", async () => {
      const { enter, leave, there } = await start("__proto__");
      const users = ["__proto__", "constructor", "toString", "auth0|x", "ann+1@example.org"];
      for (const user of users) await enter(user, `of ${user}`);
      expect(await there()).to.have.members(users);
      for (const user of users) await leave(user, `of ${user}`);
      expect(await there()).to.deep.equal([]);
    });
  });

  describe("a dropped connection", () => {
    it("counts for as long as the grace, and not longer", async () => {
      const { enter, drop, there, advance } = await start();
      await enter("ann");
      await drop("ann");
      await advance(GRACE_MS - 100);
      expect(await there()).to.deep.equal(["ann"]);
      await advance(200);
      expect(await there()).to.deep.equal([]);
    });

    it("is replaced by the one that comes back, and nobody hears of either", async () => {
      const { enter, drop, there, advance, told, changes } = await start();
      await enter("ann", "first");
      await told();
      await drop("ann", "first");
      await advance(GRACE_MS / 2);
      await enter("ann", "second");
      await advance(2 * GRACE_MS);
      expect(await there()).to.deep.equal(["ann"]);
      await enter("bob");
      await told(2);
      expect(changes.map(({ joined, left }) => [idsOf(joined), idsOf(left)])).to.deep.equal([
        [["ann"], []],
        [["bob"], []],
      ]);
    });

    it("is replaced alone: of two, the other still runs out, and the user stays by what came back", async () => {
      const { enter, leave, drop, there, advance } = await start();
      await enter("ann", "first");
      await enter("ann", "second");
      await drop("ann", "first");
      await drop("ann", "second");
      await enter("ann", "third");
      await advance(2 * GRACE_MS);
      expect(await there()).to.deep.equal(["ann"]);
      await leave("ann", "third");
      expect(await there()).to.deep.equal([]);
    });

    it("may come back itself", async () => {
      const { enter, drop, leave, there, advance } = await start();
      await enter("ann");
      await drop("ann");
      await enter("ann");
      await advance(2 * GRACE_MS);
      expect(await there()).to.deep.equal(["ann"]);
      await leave("ann");
      expect(await there()).to.deep.equal([]);
    });

    it("counts no more once it has left after all", async () => {
      const { enter, drop, leave, there } = await start();
      await enter("ann");
      await drop("ann");
      await leave("ann");
      expect(await there()).to.deep.equal([]);
    });

    it("does not count for who attends over a connection that is there", async () => {
      const { enter, drop, presence, room } = await start();
      for (const user of ["ann", "bob", "cat"]) await enter(user);
      await enter("cat", "laptop");
      await drop("bob");
      await drop("cat", "laptop");
      expect(await presence.absent(room, ["ann", "bob", "cat", "nobody"])).to.deep.equal(["bob", "nobody"]);
    });
  });

  describe("a change", () => {
    it("gathers what happens, and is told no later than GATHER_MS after the first of it", async () => {
      const { enter, leave, advance, changes, there } = await start();
      await enter("ann");
      await advance(GATHER_MS / 2);
      for (const user of ["bob", "cat", "dan"]) await enter(user);
      await leave("bob");
      expect(changes).to.deep.equal([]);
      await advance(GATHER_MS / 2);
      await eventually(() => changes.length === 1);
      const [change] = changes;
      expect(idsOf(change?.joined ?? [])).to.deep.equal(["ann", "cat", "dan"]);
      expect(idsOf(change?.left ?? [])).to.deep.equal(["bob"]);
      expect(change?.memberCount).to.equal((await there()).length);
    });

    it("says of each user how it ended: who came and went has left, who went and came has joined", async () => {
      const { enter, leave, told } = await start();
      await enter("stays");
      await told();
      await enter("came");
      await leave("came");
      await leave("stays");
      await enter("stays", "again");
      const [, change] = await told(2);
      expect(idsOf(change?.joined ?? [])).to.deep.equal(["stays"]);
      expect(idsOf(change?.left ?? [])).to.deep.equal(["came"]);
      expect(change?.memberCount).to.equal(1);
    });

    it("says who joined in the order in which they came", async () => {
      const { enter, leave, told } = await start();
      for (const user of ["a", "b", "c"]) await enter(user);
      await leave("a");
      await enter("a");
      await enter("b", "laptop", "Bob");
      const [change] = await told();
      expect(change?.joined).to.deep.equal([
        { id: "c", name: "c" },
        { id: "a", name: "a" },
        { id: "b", name: "Bob" },
      ]);
    });

    it("has the name under which a user came last", async () => {
      const { enter, told, presence, room } = await start();
      await enter("ann", "phone", "Ann");
      await told();
      await enter("ann", "laptop", "Anna");
      const [, change] = await told(2);
      const anna = { id: "ann", name: "Anna" };
      expect(change).to.deep.include({ joined: [anna], left: [], memberCount: 1 });
      expect((await presence.attending(room, 1)).members).to.deep.equal([anna]);
    });

    it("is of its own room, and is not told to who has stopped listening", async () => {
      const { enter, told, presence, advance } = await start();
      const heard: PresenceChange[] = [];
      const stopHearing = presence.listen((change) => heard.push(change));
      await presence.enter("another", { id: "bob", name: "bob" }, "bob");
      await enter("ann");
      const [change] = await told();
      await eventually(() => heard.length === 2);
      expect(idsOf(change?.joined ?? [])).to.deep.equal(["ann"]);
      stopHearing();
      await enter("cat");
      await told(2);
      await advance(GATHER_MS);
      expect(heard).to.have.length(2);
    });
  });

  describe("its version", () => {
    it("grows with every change, is that of the change that is told, and stays otherwise", async () => {
      const { enter, leave, drop, told, version } = await start();
      const versions = [await version()];
      const note = async () => versions.push(await version());
      await enter("ann");
      await note();
      const [first] = await told();
      expect(first?.version).to.equal(await version());
      await enter("bob");
      await note();
      await leave("bob");
      await note();
      for (const [index, each] of versions.entries())
        if (index > 0) expect(each).to.be.above(versions[index - 1] ?? NaN);

      const before = await version();
      await enter("ann", "laptop");
      await drop("ann");
      expect(await version()).to.equal(before);
    });

    it("never goes back, though the room empties and is entered again", async () => {
      const { enter, leave, told, version, advance } = await start();
      let last = await version();
      for (const user of ["ann", "bob", "cat"]) {
        await enter(user);
        expect(await version()).to.be.above(last);
        await leave(user);
        last = await version();
        await told();
        await advance(10 * GRACE_MS);
        expect(await version()).to.be.at.least(last);
        last = await version();
      }
    });
  });
}
