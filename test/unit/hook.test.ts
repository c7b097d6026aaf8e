import { expect } from "chai";
import { withHook, type AuthenticateHook, type Handshake } from "../../src/auth/hook.ts";
import { CarillonError, type ErrorCode } from "../../src/protocol/errors.ts";
import { fakeClock } from "../kit/clock.ts";
import { refusalOf } from "../kit/refusal.ts";

const handshake: Handshake = { headers: { cookie: "sid=1" }, address: "192.0.2.1" };

/** As what JavaScript may return, whatever the types say. */
const returning = (result: unknown) => (() => result) as AuthenticateHook;

async function expectRefusal(hook: AuthenticateHook, code: ErrorCode): Promise<CarillonError> {
  const refusal = await refusalOf(withHook(hook, { clock: fakeClock() })("token", handshake));
  expect(refusal.code).to.equal(code);
  expect(refusal.details).to.equal(undefined);
  return refusal;
}

describe("withHook", () => {
  it("hands on the token and the handshake, and fills in what a user may leave out", async () => {
    const seen: unknown[] = [];
    const hook: AuthenticateHook = (...args) => {
      seen.push(...args);
      return { id: "ann" };
    };
    const identity = await withHook(hook, { clock: fakeClock() })("token", handshake);
    expect(seen).to.deep.equal(["token", handshake]);
    expect(identity).to.deep.equal({ user: { id: "ann", name: "ann", roles: [], rooms: [] } });
  });

  it("takes a whole user, of a promise too, without roles that Carillon does not know", async () => {
    const user = { id: "ann", name: "Ann", roles: ["admin", "monitor", "monitor"], rooms: ["team-*"], email: "a@b.c" };
    const identity = await withHook(() => Promise.resolve(user), { clock: fakeClock() })("token", handshake);
    expect(identity).to.deep.equal({ user: { id: "ann", name: "Ann", roles: ["monitor"], rooms: ["team-*"] } });
  });

  it("takes an identity with its times, and refuses one that has run out", async () => {
    const clock = fakeClock();
    const times = { issuedAt: clock.now(), expiresAt: clock.now() + 1000 };
    const authenticate = withHook(() => ({ user: { id: "ann" }, ...times }), { clock });
    expect(await authenticate("token", handshake)).to.include(times);
    await clock.advance(1000);
    expect((await refusalOf(authenticate("token", handshake))).code).to.equal("token_expired");
  });

  it("cuts a name that is too long, and shows the id for one that is blank", async () => {
    const authenticate = withHook((name) => ({ id: "ann", name: String(name) }), { clock: fakeClock() });
    expect((await authenticate(`${"x".repeat(99)}😀`, handshake)).user.name).to.equal("x".repeat(99));
    expect((await authenticate("  ", handshake)).user.name).to.equal("ann");
  });

  it("refuses nobody as unauthorized", async () => {
    await expectRefusal(returning(null), "unauthorized");
    await expectRefusal(returning(undefined), "unauthorized");
    await expectRefusal(returning(Promise.resolve(null)), "unauthorized");
  });

  it("lets a CarillonError through, thrown or rejected", async () => {
    const banned = new CarillonError("banned", { details: { untilAt: 1 } });
    const thrower = () => {
      throw banned;
    };
    for (const hook of [thrower, () => Promise.reject(banned)]) {
      expect(await refusalOf(withHook(hook, { clock: fakeClock() })("token", handshake))).to.equal(banned);
    }
  });

  it("makes whatever else is thrown or rejected unavailable, and keeps the cause for the log alone", async () => {
    const cause = new Error("connect ECONNREFUSED 10.0.0.3:5432");
    const thrown = await expectRefusal(() => {
      throw cause;
    }, "unavailable");
    const rejected = await expectRefusal(() => Promise.reject(cause), "unavailable");
    for (const refusal of [thrown, rejected]) {
      expect(refusal.cause).to.equal(cause);
      expect(JSON.stringify(refusal.failure)).not.to.include("10.0.0.3");
    }
  });

  it("gives up on a hook that hangs after 5 s, and swallows what it throws later", async () => {
    const clock = fakeClock();
    let failLate!: (error: Error) => void;
    const hook = () => new Promise<null>((_resolve, reject) => (failLate = reject));
    let refusal: CarillonError | undefined;
    const done = refusalOf(withHook(hook, { clock })("token", handshake)).then((error) => (refusal = error));
    await clock.advance(4999);
    expect(refusal).to.equal(undefined);
    await clock.advance(1);
    expect(refusal?.code).to.equal("timeout");
    failLate(new Error("too late"));
    await clock.advance(0);
    await done;
  });

  it("leaves no timer behind", async () => {
    const clock = fakeClock();
    await withHook(() => ({ id: "ann" }), { clock })("token", handshake);
    await refusalOf(withHook(returning(null), { clock })("token", handshake));
    expect(clock.pending).to.equal(0);
  });

  it("makes a result that describes no user internal", async () => {
    const notUsers: unknown[] = [false, 1, "ann", [], {}, { id: "" }, { id: "a b" }, { id: 7 }];
    const badUsers: unknown[] = [
      { id: "ann", name: 7 },
      { id: "ann", roles: "monitor" },
      { id: "ann", rooms: ["a b"] },
      { id: "ann", rooms: Array(201).fill("a") },
    ];
    const badIdentities: unknown[] = [
      { user: null },
      { user: { id: "ann" }, expiresAt: "soon" },
      { user: { id: "ann" }, expiresAt: NaN },
    ];
    const results = [...notUsers, ...badUsers, ...badIdentities];
    for (const result of results) await expectRefusal(returning(result), "internal");
    const trap = {
      get id(): string {
        throw new Error("lazy");
      },
    };
    await expectRefusal(returning(trap), "internal");
  });
});
