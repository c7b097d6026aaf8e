import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { RoomId } from "../../src/protocol/fields.ts";
import { type IdPage, isDirect, type PageRequest, type Rooms } from "../../src/rooms/index.ts";

export interface OpenedRooms {
  /** Without any rooms yet. */
  readonly rooms: Rooms;
  close(): Promise<void>;
}

const STRANGE = ["__proto__", "constructor", "toString", "auth0|x", "ann+1@example.org", "a:b", "a{b}c"];

const at = (seq: number, epoch = "first") => ({ epoch, seq });

/** What is paged through, and how it is filled. */
const LISTS = {
  "the list": {
    add: (rooms: Rooms, id: string) => rooms.list(id),
    read: (rooms: Rooms, request: PageRequest) => rooms.listed(request),
  },
  "the rooms of a user": {
    add: (rooms: Rooms, id: string) => rooms.addMember(id, "ann"),
    read: (rooms: Rooms, request: PageRequest) => rooms.roomsOf("ann", request),
  },
};

/** All pages, one after another. */
async function pagesOf(read: (request: PageRequest) => Promise<IdPage>, limit: number): Promise<IdPage[]> {
  const pages: IdPage[] = [];
  let after: string | undefined;
  do {
    const page = await read({ limit, after });
    pages.push(page);
    after = page.next;
  } while (after !== undefined);
  return pages;
}

/** What every keeping of rooms has to do, wherever it is. To be called within a `describe`. */
export function roomsSuite(open: () => Promise<OpenedRooms>): void {
  let rooms: Rooms;
  let close: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const opened = await open();
    rooms = opened.rooms;
    close = () => opened.close();
  });
  afterEach(() => close?.());

  describe("the list", () => {
    it("has each room once, by id", async () => {
      for (const room of ["b", "a", "C", "b", "a-1", "_", "10", "9"]) await rooms.list(room);
      expect(await rooms.listed({ limit: 100 })).to.deep.equal({ ids: ["10", "9", "C", "_", "a", "a-1", "b"] });
    });

    it("is empty at first, and has nothing of rooms that were merely entered", async () => {
      await rooms.addMember("room", "ann");
      await rooms.openDirect("ann", "bob");
      expect(await rooms.listed({ limit: 100 })).to.deep.equal({ ids: [] });
    });
  });

  for (const [what, list] of Object.entries(LISTS)) {
    describe(`paging through ${what}`, () => {
      const { add, read } = list;
      const all = Array.from({ length: 10 }, (_, n) => `room-${n}`);

      it("gives every id once and in order, and says when there is no more", async () => {
        for (const id of all.toReversed()) await add(rooms, id);
        for (const limit of [1, 3, 5, 9, 10, 11]) {
          const pages = await pagesOf((request) => read(rooms, request), limit);
          expect(pages.flatMap(({ ids }) => ids)).to.deep.equal(all);
          expect(pages).to.have.length(Math.ceil(10 / limit));
          for (const { ids, next } of pages.slice(0, -1)) expect(next).to.equal(ids.at(-1));
          expect(pages.at(-1)).not.to.have.property("next");
        }
      });

      it("goes on after any id, there or not", async () => {
        for (const id of all) await add(rooms, id);
        expect(await read(rooms, { after: "room-7", limit: 100 })).to.deep.equal({ ids: ["room-8", "room-9"] });
        expect(await read(rooms, { after: "room-77", limit: 100 })).to.deep.equal({ ids: ["room-8", "room-9"] });
        expect(await read(rooms, { after: "a", limit: 1 })).to.deep.equal({ ids: ["room-0"], next: "room-0" });
        expect(await read(rooms, { after: "z", limit: 100 })).to.deep.equal({ ids: [] });
      });

      it("misses none that stays while others come", async () => {
        for (const id of all) await add(rooms, id);
        const { ids: first, next } = await read(rooms, { limit: 5 });
        for (const id of ["room-00", "room-55", "a", "z"]) await add(rooms, id);
        const { ids: rest } = await read(rooms, { after: next, limit: 100 });
        expect([...first, ...rest]).to.include.members(all);
        expect(rest).to.deep.equal(["room-5", "room-55", "room-6", "room-7", "room-8", "room-9", "z"]);
      });
    });
  }

  describe("membership", () => {
    it("is of a user in a room, until it is taken away", async () => {
      await rooms.addMember("one", "ann");
      await rooms.addMember("one", "ann");
      await rooms.addMember("one", "bob");
      await rooms.addMember("two", "ann");
      expect(await rooms.isMember("one", "ann")).to.equal(true);
      expect(await rooms.isMember("two", "bob")).to.equal(false);
      expect(await rooms.members("one", 10)).to.have.members(["ann", "bob"]);
      expect(await rooms.roomsOf("ann", { limit: 10 })).to.deep.equal({ ids: ["one", "two"] });

      await rooms.removeMember("one", "ann");
      await rooms.removeMember("one", "ann");
      await rooms.removeMember("three", "nobody");
      expect(await rooms.isMember("one", "ann")).to.equal(false);
      expect(await rooms.members("one", 10)).to.deep.equal(["bob"]);
      expect(await rooms.roomsOf("ann", { limit: 10 })).to.deep.equal({ ids: ["two"] });
      await rooms.removeMember("two", "ann");
      expect(await rooms.roomsOf("ann", { limit: 10 })).to.deep.equal({ ids: [] });
      expect(await rooms.members("two", 10)).to.deep.equal([]);
    });

    it("is listed only of rooms that are not too large", async () => {
      for (const user of ["a", "b", "c"]) await rooms.addMember("room", user);
      expect(await rooms.members("room", 3)).to.have.members(["a", "b", "c"]);
      expect(await rooms.members("room", 2)).to.equal(undefined);
      expect(await rooms.members("nobody-here", 0)).to.deep.equal([]);
    });

    it("may be of any user, in a room of any name", async () => {
      for (const user of STRANGE) await rooms.addMember("__proto__", user);
      expect(await rooms.members("__proto__", 10)).to.have.members(STRANGE);
      for (const user of STRANGE) {
        expect(await rooms.isMember("__proto__", user)).to.equal(true);
        expect(await rooms.isMember("constructor", user)).to.equal(false);
        expect(await rooms.roomsOf(user, { limit: 10 })).to.deep.equal({ ids: ["__proto__"] });
      }
    });
  });

  describe("a direct room", () => {
    it("is one for two, whoever opens it, however often, and both are its members", async () => {
      const { room, made } = await rooms.openDirect("ann", "bob");
      expect(made).to.equal(true);
      expect(isDirect(room)).to.equal(true);
      expect(RoomId.parse(room)).to.equal(room);
      expect(await rooms.openDirect("bob", "ann")).to.deep.equal({ room, made: false });
      expect(await rooms.pair(room)).to.have.members(["ann", "bob"]);
      expect(await rooms.members(room, 2)).to.have.members(["ann", "bob"]);
    });

    it("is made once, however many open it at a time", async () => {
      const opened = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? rooms.openDirect("ann", "bob") : rooms.openDirect("bob", "ann"))),
      );
      expect(opened.filter(({ made }) => made)).to.have.length(1);
      expect(new Set(opened.map(({ room }) => room)).size).to.equal(1);
    });

    it("is another one for any other two", async () => {
      const pairs = [
        ["ann", "bob"],
        ["ann", "bobby"],
        ["annb", "ob"],
        ["an", "nbob"],
        ["ann|", "bob"],
        ["ann", "|bob"],
        ["__proto__", "constructor"],
        ["x".repeat(255), "y".repeat(255)],
        ["x".repeat(255), "x".repeat(254)],
      ] as const;
      const seen = new Set<string>();
      for (const [a, b] of pairs) {
        const { room } = await rooms.openDirect(a, b);
        seen.add(RoomId.parse(room));
        expect(await rooms.pair(room)).to.have.members([a, b]);
      }
      expect(seen.size).to.equal(pairs.length);
    });

    it("is had back by opening it again after one has left", async () => {
      const { room } = await rooms.openDirect("ann", "bob");
      await rooms.removeMember(room, "ann");
      expect(await rooms.pair(room)).to.have.members(["ann", "bob"]);
      await rooms.openDirect("ann", "bob");
      expect(await rooms.isMember(room, "ann")).to.equal(true);
    });

    it("is none that was never opened, whatever its name", async () => {
      expect(await rooms.pair(`dm-${randomUUID()}`)).to.equal(undefined);
      expect(await rooms.pair("lobby")).to.equal(undefined);
      expect(await rooms.pair("__proto__")).to.equal(undefined);
    });
  });

  describe("a marker", () => {
    it("moves forward, and says where it is", async () => {
      expect(await rooms.marker("room", "ann")).to.equal(undefined);
      expect(await rooms.moveMarker("room", "ann", at(5))).to.deep.equal(at(5));
      expect(await rooms.moveMarker("room", "ann", at(3))).to.deep.equal(at(5));
      expect(await rooms.moveMarker("room", "ann", at(5))).to.deep.equal(at(5));
      expect(await rooms.moveMarker("room", "ann", at(7))).to.deep.equal(at(7));
      expect(await rooms.marker("room", "ann")).to.deep.equal(at(7));
    });

    it("begins at 0, as who never moved it does", async () => {
      expect(await rooms.moveMarker("room", "ann", at(0))).to.deep.equal(at(0));
      expect((await rooms.marker("room", "ann"))?.seq ?? 0).to.equal(0);
    });

    it("moves to another epoch, wherever it was before", async () => {
      await rooms.moveMarker("room", "ann", at(50));
      expect(await rooms.moveMarker("room", "ann", at(2, "second"))).to.deep.equal(at(2, "second"));
      expect(await rooms.marker("room", "ann")).to.deep.equal(at(2, "second"));
    });

    it("is a user's own, in each room", async () => {
      for (const user of STRANGE) await rooms.moveMarker("__proto__", user, at(user.length));
      for (const user of STRANGE) {
        expect(await rooms.marker("__proto__", user)).to.deep.equal(at(user.length));
        expect(await rooms.marker("constructor", user)).to.equal(undefined);
      }
    });

    it("ends up at the furthest of many that move it at a time", async () => {
      const seqs = Array.from({ length: 50 }, (_, n) => ((n * 7) % 50) + 1);
      await Promise.all(seqs.map((seq) => rooms.moveMarker("room", "ann", at(seq))));
      expect(await rooms.marker("room", "ann")).to.deep.equal(at(50));
    });
  });
}
