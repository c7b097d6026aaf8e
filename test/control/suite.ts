import { expect } from "chai";
import type { Control, Order } from "../../src/control/index.ts";
import { eventually } from "../kit/wait.ts";

export interface OpenedControl {
  readonly control: Control;
  /** Epoch milliseconds by its own clock. */
  now(): number;
  /** Lets so much time pass by it. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

const ROOM = "lobby";
const ANN = { room: ROOM, user: "ann" };
const MINUTE_MS = 60_000;

/** What every control has to do, wherever its orders are kept. To be called within a `describe`. */
export function controlSuite(open: () => Promise<OpenedControl>): void {
  let opened: OpenedControl;
  let control: Control;
  beforeEach(async () => {
    opened = await open();
    ({ control } = opened);
  });
  afterEach(() => opened.close());

  const inMs = (ms: number) => ({ untilAt: opened.now() + ms });

  for (const what of ["ban", "mute"] as const) {
    const standing = () => control[what](ROOM, "ann");
    const undo = what === "ban" ? "unban" : "unmute";

    describe(`a ${what}`, () => {
      it("stands as soon as it is issued, until somebody undoes it", async () => {
        expect(standing()).to.equal(undefined);
        await control.issue({ action: what, ...ANN, reason: "spam" });
        expect(standing()).to.deep.equal({});
        await opened.advance(365 * 24 * 60 * MINUTE_MS);
        expect(standing()).to.deep.equal({});
        await control.issue({ action: undo, ...ANN });
        expect(standing()).to.equal(undefined);
      });

      it("stands until its time, where it has one", async () => {
        const until = inMs(MINUTE_MS);
        await control.issue({ action: what, ...ANN, ...until });
        await opened.advance(MINUTE_MS - 1_000);
        expect(standing()).to.deep.equal(until);
        await opened.advance(2_000);
        expect(standing()).to.equal(undefined);
      });

      it("takes the place of an earlier one, be it longer or shorter", async () => {
        for (const until of [inMs(MINUTE_MS), {}, inMs(2 * MINUTE_MS), inMs(MINUTE_MS)]) {
          await control.issue({ action: what, ...ANN, ...until });
          expect(standing()).to.deep.equal(until);
        }
      });

      it("is of one user in one room, and is not the other", async () => {
        await control.issue({ action: what, ...ANN });
        expect(control[what](ROOM, "bob")).to.equal(undefined);
        expect(control[what]("another", "ann")).to.equal(undefined);
        expect(control[what === "ban" ? "mute" : "ban"](ROOM, "ann")).to.equal(undefined);
        await control.issue({ action: what === "ban" ? "unmute" : "unban", ...ANN });
        expect(standing()).to.deep.equal({});
      });

      it("may be of any user, in a room of any name", async () => {
        const names = ["__proto__", "constructor", "auth0|x", "a:b", "ann+1@example.org"];
        for (const user of names) await control.issue({ action: what, room: "__proto__", user });
        for (const user of names) {
          expect(control[what]("__proto__", user)).to.deep.equal({});
          expect(control[what]("toString", user)).to.equal(undefined);
        }
      });
    });
  }

  describe("a kick", () => {
    it("leaves nothing that stands, unless it says for how long", async () => {
      await control.issue({ action: "kick", ...ANN });
      expect(control.ban(ROOM, "ann")).to.equal(undefined);
      const until = inMs(MINUTE_MS);
      await control.issue({ action: "kick", ...ANN, ...until });
      expect(control.ban(ROOM, "ann")).to.deep.equal(until);
      await opened.advance(2 * MINUTE_MS);
      expect(control.ban(ROOM, "ann")).to.equal(undefined);
    });

    it("never shortens a ban, and lengthens a shorter one", async () => {
      const [short, long] = [inMs(MINUTE_MS), inMs(2 * MINUTE_MS)];
      await control.issue({ action: "ban", ...ANN, ...short });
      await control.issue({ action: "kick", ...ANN });
      expect(control.ban(ROOM, "ann")).to.deep.equal(short);
      await control.issue({ action: "kick", ...ANN, ...long });
      await control.issue({ action: "kick", ...ANN, ...short });
      expect(control.ban(ROOM, "ann")).to.deep.equal(long);
      await control.issue({ action: "ban", ...ANN });
      await control.issue({ action: "kick", ...ANN, ...long });
      expect(control.ban(ROOM, "ann")).to.deep.equal({});
    });

    it("counts anew when the ban before it is over", async () => {
      await control.issue({ action: "ban", ...ANN, ...inMs(MINUTE_MS) });
      await opened.advance(2 * MINUTE_MS);
      const until = inMs(MINUTE_MS);
      await control.issue({ action: "kick", ...ANN, ...until });
      expect(control.ban(ROOM, "ann")).to.deep.equal(until);
    });

    it("gives way to a later ban, be that one shorter", async () => {
      await control.issue({ action: "kick", ...ANN, ...inMs(2 * MINUTE_MS) });
      const until = inMs(MINUTE_MS);
      await control.issue({ action: "ban", ...ANN, ...until });
      expect(control.ban(ROOM, "ann")).to.deep.equal(until);
    });

    it("is undone as a ban is", async () => {
      await control.issue({ action: "kick", ...ANN, ...inMs(MINUTE_MS) });
      await control.issue({ action: "unban", ...ANN });
      expect(control.ban(ROOM, "ann")).to.equal(undefined);
    });
  });

  it("keeps nothing standing of a quit", async () => {
    await control.issue({ action: "quit", ...ANN });
    expect(control.ban(ROOM, "ann")).to.equal(undefined);
    expect(control.mute(ROOM, "ann")).to.equal(undefined);
  });

  it("knows when a user's tokens were revoked: the last time, though an earlier one comes later", async () => {
    expect(control.revokedAt("ann")).to.equal(undefined);
    await control.issue({ action: "revoke", user: "ann", at: 2_000 });
    expect(control.revokedAt("ann")).to.equal(2_000);
    await control.issue({ action: "revoke", user: "ann", at: 3_000 });
    await control.issue({ action: "revoke", user: "ann", at: 1_000 });
    expect(control.revokedAt("ann")).to.equal(3_000);
    expect(control.revokedAt("bob")).to.equal(undefined);
    expect(control.revokedAt("__proto__")).to.equal(undefined);
  });

  it("tells every listener of every order, in order, once it holds", async () => {
    const heard: [Order, held: boolean][] = [];
    const stop = control.listen((order) => heard.push([order, control.ban(ROOM, "ann") !== undefined]));
    const orders: Order[] = [
      { action: "ban", ...ANN, reason: "spam", ...inMs(MINUTE_MS) },
      { action: "unban", ...ANN },
      { action: "kick", ...ANN },
      { action: "mute", ...ANN },
      { action: "unmute", ...ANN },
      { action: "quit", ...ANN },
      { action: "revoke", user: "ann", at: 1_000 },
    ];
    for (const order of orders) await control.issue(order);
    await eventually(() => heard.length === orders.length);
    stop();
    expect(heard.map(([order]) => order)).to.deep.equal(orders);
    expect(heard.map(([, held]) => held)).to.deep.equal(orders.map(({ action }) => action === "ban"));
    const again: Order[] = [];
    const stopAgain = control.listen((order) => again.push(order));
    await control.issue({ action: "kick", ...ANN });
    await eventually(() => again.length === 1);
    stopAgain();
    expect(heard).to.have.length(orders.length);
  });
}
