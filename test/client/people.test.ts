import { expect } from "chai";
import { createPeople, type Member, type Presence } from "../../client/chat/people.ts";
import { createTypist } from "../../client/chat/typist.ts";
import { turns } from "../kit/wait.ts";
import { useTime } from "./time.ts";

const ROOM = "r";
const member = (id: string, name = id): Member => ({ id, name });

/** People of a room, and what the server would say of them if it were asked. */
function scene() {
  const server = { asked: 0, presence: undefined as Presence | undefined };
  const ask = async () => {
    server.asked++;
    if (!server.presence) throw new Error("out");
    return server.presence;
  };
  const people = createPeople(ask, () => {});
  const came = (version: number, memberCount: number, joined: Member[], left: Member[] = []) =>
    people.came({ room: ROOM, version, joined, left, memberCount });
  const ids = () => people.now.members.map(({ id }) => id);
  return { server, people, came, ids };
}

function typing() {
  const told: boolean[] = [];
  return { told, typist: createTypist((is) => told.push(is)) };
}

describe("the people of a room", () => {
  const time = useTime();

  it("are listed by name, and by id where names are the same, whatever their ids are", () => {
    const { people, ids } = scene();
    const members = [member("b", "Bo"), member("__proto__", "Al"), member("a", "Bo"), member("constructor", "Zoe")];
    people.joined({ version: 5, members, memberCount: 4 });
    expect(ids()).to.deep.equal(["__proto__", "a", "b", "constructor"]);
    expect(people.now.members).to.equal(people.now.members);
  });

  it("change with what is newer than what is known, and not with what is older", () => {
    const { people, came, ids } = scene();
    came(9, 1, [member("early")]);
    expect(ids(), "before a join has told who is there").to.deep.equal([]);
    people.joined({ version: 5, members: [member("a")], memberCount: 1 });
    came(4, 2, [member("old")]);
    expect(ids()).to.deep.equal(["a"]);
    came(6, 2, [member("b"), member("c")], [member("a")]);
    expect(ids()).to.deep.equal(["b", "c"]);
    expect(people.now.memberCount).to.equal(2);
  });

  it("are asked for anew where the count says that something was missed", async () => {
    const { people, came, ids, server } = scene();
    people.joined({ version: 5, members: [member("a")], memberCount: 1 });
    came(7, 3, [member("c")]);
    server.presence = { version: 8, members: [member("a"), member("b"), member("c")], memberCount: 3 };
    await turns(1);
    came(7, 3, []);
    await turns(1);
    expect(ids()).to.deep.equal(["a", "b", "c"]);
    came(9, 2, [], [member("b")]);
    await turns(1);
    expect(server.asked, "once in vain, and not when nothing was missed").to.equal(2);
  });

  it("are not taken from an answer that is older than what was heard meanwhile", async () => {
    const { people, came, ids, server } = scene();
    people.joined({ version: 5, members: [], memberCount: 0 });
    server.presence = { version: 6, members: [member("gone")], memberCount: 1 };
    void people.refresh();
    came(7, 1, [member("a")]);
    await turns(1);
    expect(ids()).to.deep.equal(["a"]);
  });

  it("are asked for when a large room, of which only the count is told, is one no longer", async () => {
    const { people, came, ids, server } = scene();
    const crowd = Array.from({ length: 200 }, (_, at) => member(`u${at}`));
    people.joined({ version: 1, members: crowd, memberCount: 201 });
    came(2, 202, []);
    await turns(1);
    expect(server.asked).to.equal(0);
    server.presence = { version: 3, members: crowd.slice(1), memberCount: 199 };
    came(3, 199, []);
    await turns(1);
    expect(server.asked).to.equal(1);
    expect(ids()).to.have.length(199);
  });

  it("type until they say otherwise, or have not said so for 15 s", async () => {
    const { people } = scene();
    const { clock } = time;
    people.typed("a", true);
    people.typed("b", true);
    const before = people.now.typing;
    await clock.advance(10_000);
    people.typed("a", true);
    expect(people.now.typing, "the same until it changes").to.equal(before);
    await clock.advance(5_000);
    expect(people.now.typing).to.deep.equal(["a"]);
    people.typed("a", false);
    people.typed("c", false);
    expect(people.now.typing).to.deep.equal([]);
    people.typed("d", true);
    people.stop();
    expect(people.now.typing).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });

  it("have markers that only go forward, of a thousand people at most", () => {
    const { people } = scene();
    people.marked("__proto__", 7);
    people.marked("__proto__", 3);
    expect(people.now.markers.get("__proto__")).to.equal(7);
    for (let count = 0; count < 1_500; count++) people.marked(`u${count}`, 1);
    expect(people.now.markers.size).to.equal(1_000);
    expect(people.now.markers.has("u1499")).to.equal(true);
    people.lost();
    expect(people.now.markers.size).to.equal(0);
  });
});

describe("one's own typing", () => {
  const time = useTime();

  it("is told with the first key, again every 8 s, and as ended 5 s after the last", async () => {
    const { told, typist } = typing();
    const { clock } = time;
    for (let second = 0; second < 9; second++) {
      typist.set(true);
      await clock.advance(1_000);
    }
    expect(told).to.deep.equal([true, true]);
    await clock.advance(3_999);
    expect(told).to.have.length(2);
    await clock.advance(1);
    expect(told).to.deep.equal([true, true, false]);
    await clock.advance(60_000);
    expect(told).to.have.length(3);
  });

  it("is told as ended once, and only where it was told at all", () => {
    const { told, typist } = typing();
    const { clock } = time;
    typist.set(false);
    typist.set(true);
    typist.set(false);
    typist.set(false);
    expect(told).to.deep.equal([true, false]);
    expect(clock.pending).to.equal(0);
  });

  it("is told anew over another connection", () => {
    const { told, typist } = typing();
    const { clock } = time;
    typist.set(true);
    typist.stop();
    expect(clock.pending).to.equal(0);
    typist.set(true);
    expect(told).to.deep.equal([true, true]);
    typist.stop();
  });
});
