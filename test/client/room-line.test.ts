import { expect } from "chai";
import type { RoomChange } from "../../client/chat/follow.ts";
import { createRoom } from "../../client/chat/attend.ts";
import { seededRandom } from "../kit/random.ts";
import { turns } from "../kit/wait.ts";
import { fakeOutbox } from "./fake-outbox.ts";
import { ModelLink } from "./model-link.ts";
import { ModelRoom, ROOM } from "./model-room.ts";
import { useTime } from "./time.ts";

/** A room with ten messages of others, over a line that carries what is on its way when it is told to. */
function scene(limit = 3) {
  const random = seededRandom(1);
  const model = new ModelRoom(100);
  const link = new ModelLink(model, random, 0);
  const write = (count: number) => {
    for (; count > 0; count--) link.tell("message:sent", model.append({ kind: "sent", user: "other" }, random));
  };
  write(10);
  const { channel } = link;
  const room = createRoom({
    channel,
    id: ROOM,
    outbox: fakeOutbox().outbox,
    limit,
    whenWritten: () => () => {},
    joined() {},
    left() {},
  });
  const changes: RoomChange[] = [];
  room.listen((change) => changes.push(change));
  const carryAll = async () => {
    while (link.frames.length > 0) {
      link.carry();
      await turns(1);
    }
  };
  return { model, link, room, changes, write, carryAll };
}

describe("a room, frame by frame", () => {
  const time = useTime();

  it("is live only when it is level with what its join has told of", async () => {
    const { model, link, room, write, carryAll } = scene();
    link.connect();
    await carryAll();
    link.disconnect();
    write(6);
    model.marker = 10;
    link.connect();
    link.carry();
    expect(room.getSnapshot()).to.include({ status: "joining", head: 16, unread: 6 });
    expect(room.getSnapshot().messages).to.have.length(6);
    await carryAll();
    expect(room.getSnapshot()).to.include({ status: "live", head: 16, unread: 6 });
    expect(room.getSnapshot().messages).to.have.length(9);
  });

  it("asks who is there when it has caught up, since nobody is told of that meanwhile", async () => {
    const { link, room, model, write, carryAll } = scene();
    link.connect();
    await carryAll();
    link.disconnect();
    write(6);
    link.connect();
    link.carry();
    model.present = { version: 2, members: [{ id: "ann", name: "Ann" }], memberCount: 1 };
    await carryAll();
    expect(room.getSnapshot().memberCount).to.equal(1);
  });

  it("forgets who types with the connection, and with the message that was typed", async () => {
    const { link, room, write, carryAll } = scene();
    const { clock } = time;
    link.connect();
    await carryAll();
    const types = async (user: string) => {
      link.tell("typing:changed", { room: ROOM, user, typing: true });
      await carryAll();
    };
    await types("other");
    await types("third");
    await types("me");
    expect(room.getSnapshot().typing).to.deep.equal(["other", "third"]);
    write(1);
    await carryAll();
    expect(room.getSnapshot().typing).to.deep.equal(["third"]);
    link.disconnect();
    expect(room.getSnapshot().typing).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });

  it("reads one page at a time, whoever asks meanwhile", async () => {
    const { link, room, carryAll } = scene();
    link.connect();
    await carryAll();
    const both = Promise.all([room.readMore(2), room.readMore(2)]);
    expect(link.frames).to.have.length(1);
    await carryAll();
    await both;
    expect(room.getSnapshot().messages.map(({ seq }) => seq)).to.deep.equal([6, 7, 8, 9, 10]);
  });

  it("takes a page that the log has been lost under for read: what there is comes with the reset", async () => {
    const { link, room, model, changes, carryAll } = scene();
    link.connect();
    await carryAll();
    model.reset(true);
    link.reset();
    const reading = room.readMore();
    await carryAll();
    await reading;
    expect(room.getSnapshot()).to.deep.include({ status: "live", epoch: model.epoch, messages: [], more: false });
    expect(changes.at(-1)).to.include({ kind: "reset", why: "lost" });
  });

  it("knows that one may write again when a mute has run out, however far off that is, and not before", async () => {
    const { link, room, carryAll } = scene();
    const { clock } = time;
    link.connect();
    await carryAll();
    const muteFor = async (untilAt?: number) => {
      link.tell("member:muted", { room: ROOM, user: "me", untilAt });
      await carryAll();
    };
    for (const ms of [5_000, 60 * 86_400_000]) {
      const untilAt = clock.now() + ms;
      await muteFor(untilAt);
      await clock.advance(ms - 1);
      expect(room.getSnapshot().muted).to.deep.equal({ untilAt });
      await clock.advance(1);
      expect(room.getSnapshot().muted).to.equal(undefined);
    }
    await muteFor(clock.now() + 1_000);
    await muteFor();
    await clock.advance(60_000);
    expect(room.getSnapshot().muted).to.deep.equal({});
    room.leave();
    expect(clock.pending).to.equal(0);
  });

  it("leaves no timer and nobody who listens behind when one leaves", async () => {
    const { link, room, carryAll } = scene();
    const { clock } = time;
    link.connect();
    await carryAll();
    room.setTyping(true);
    link.tell("typing:changed", { room: ROOM, user: "other", typing: true });
    link.tell("member:muted", { room: ROOM, user: "me", untilAt: clock.now() + 60_000 });
    await carryAll();
    expect(clock.pending).to.equal(3);
    room.leave();
    expect(clock.pending).to.equal(0);
    for (const event of ["connect", "disconnect", "message:sent", "typing:changed", "member:muted"])
      expect(link.listeners(event), event).to.equal(0);
  });
});
