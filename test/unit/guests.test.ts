import { expect } from "chai";
import { createGuests } from "../../src/auth/guests.ts";
import { createAuthenticator, signToken } from "../../src/auth/token.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import { fakeClock } from "../kit/clock.ts";

const KEY = "guests-key-guests-key-guests-key";
const OTHER_KEY = "others-key-others-key-others-key";
const DAY_MS = 86_400_000;

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (error instanceof CarillonError) return error.code;
    throw error;
  }
}

describe("guests", () => {
  it("lets somebody in for a day, with an id of his own and no rights", async () => {
    const clock = fakeClock();
    const guests = createGuests({ key: KEY, clock });
    const pass = await guests.issue("Ann");
    expect(pass.user.id).to.match(/^guest-[A-Za-z0-9_-]{16}$/);
    expect(pass.user).to.deep.equal({ id: pass.user.id, name: "Ann", roles: [] });
    expect(pass.expiresAt).to.equal(clock.now() + DAY_MS);
    expect((await guests.issue("Ann")).user.id).not.to.equal(pass.user.id);

    const identity = await createAuthenticator({ guestKey: KEY, clock }).authenticate(pass.token);
    expect(identity).to.deep.equal({
      user: { ...pass.user, rooms: [] },
      issuedAt: clock.now(),
      expiresAt: pass.expiresAt,
    });
  });

  it("carries the issuer and the audience where they are asked for", async () => {
    const checks = { clock: fakeClock(), issuer: "https://id.example.org", audience: "chat" };
    const { token } = await createGuests({ key: KEY, ...checks }).issue("Ann");
    const { user } = await createAuthenticator({ guestKey: KEY, ...checks }).authenticate(token);
    expect(user.name).to.equal("Ann");
    const { token: bare } = await createGuests({ key: KEY, clock: checks.clock }).issue("Ann");
    expect(await codeOf(createAuthenticator({ guestKey: KEY, ...checks }).authenticate(bare))).to.equal("unauthorized");
  });

  it("takes a raw key too, and a time to live", async () => {
    const clock = fakeClock();
    const key = crypto.getRandomValues(new Uint8Array(32));
    const { token, expiresAt } = await createGuests({ key, ttlSec: 60, clock }).issue("Ann");
    expect(expiresAt).to.equal(clock.now() + 60_000);
    const authenticator = createAuthenticator({ guestKey: key, clock });
    expect((await authenticator.authenticate(token)).expiresAt).to.equal(expiresAt);
    await clock.advance(60_000);
    expect(await codeOf(authenticator.authenticate(token))).to.equal("token_expired");
  });

  it("refuses a name that is none", async () => {
    const guests = createGuests({ key: KEY, clock: fakeClock() });
    for (const name of ["", "  ", "x".repeat(101)]) expect(await codeOf(guests.issue(name))).to.equal("bad_request");
    expect((await guests.issue("A\ud800")).user.name).to.equal("A\ufffd");
  });

  it("renews a guest under the same id, for longer, with another name", async () => {
    const clock = fakeClock();
    const guests = createGuests({ key: KEY, clock });
    const { token, user } = await guests.issue("Ann");
    await clock.advance(DAY_MS - 1);
    const renewed = await guests.renew(token, "Anna");
    expect(renewed.user).to.deep.equal({ ...user, name: "Anna" });
    expect(renewed.expiresAt).to.equal(clock.now() + DAY_MS);
    expect(await codeOf(guests.renew(token, " "))).to.equal("bad_request");
    await clock.advance(1);
    expect(await codeOf(guests.renew(token, "Anna"))).to.equal("token_expired");
  });

  it("renews nobody else: other ids, tokens that are no guest's, other keys, garbage", async () => {
    const clock = fakeClock();
    const guests = createGuests({ key: KEY, clock });
    const sign = async (key: string, sub: string, guest: boolean) =>
      (await signToken(key, { sub, ...(guest && { guest }) }, { ttlSec: 60, clock })).token;
    const others = [
      await sign(KEY, "ann", true),
      await sign(KEY, "guest-0123456789abcdef", false),
      await sign(OTHER_KEY, "guest-0123456789abcdef", true),
    ];
    for (const token of [...others, "garbage", "", undefined, 7]) {
      expect(await codeOf(guests.renew(token, "Ann"))).to.equal("unauthorized");
    }
    expect(await codeOf(guests.renew(await sign(KEY, "guest-0123456789abcdef", true), "Ann"))).to.equal("none");
  });

  it("gives a guest no rights, whatever the token says", async () => {
    const clock = fakeClock();
    const claims = { sub: "guest-x", guest: true, roles: ["moderator"], rooms: ["*"] } as const;
    const { token } = await signToken(KEY, claims, { ttlSec: 60, clock });
    for (const keys of [{ guestKey: KEY }, { secret: KEY, guestKey: KEY }, { secret: OTHER_KEY, guestKey: KEY }]) {
      const { user } = await createAuthenticator({ ...keys, clock }).authenticate(token);
      expect(user).to.deep.equal({ id: "guest-x", name: "guest-x", roles: [], rooms: [] });
    }
  });

  it("lets the guests' key sign for nobody but guests", async () => {
    const clock = fakeClock();
    const { token } = await signToken(KEY, { sub: "ann", guest: true }, { ttlSec: 60, clock });
    for (const keys of [{ guestKey: KEY }, { secret: OTHER_KEY, guestKey: KEY }]) {
      expect(await codeOf(createAuthenticator({ ...keys, clock }).authenticate(token))).to.equal("unauthorized");
    }
  });

  it("knows no guest once guests are off, though the secret is the same", async () => {
    const clock = fakeClock();
    const { token } = await createGuests({ key: KEY, clock }).issue("Ann");
    expect(await codeOf(createAuthenticator({ secret: KEY, clock }).authenticate(token))).to.equal("unauthorized");
  });
});
