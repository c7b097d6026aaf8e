import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import {
  CompactSign,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from "jose";
import { createAuthenticator, signToken, type AuthenticatorOptions } from "../../src/auth/token.ts";
import { fakeClock } from "../kit/clock.ts";
import { refusalOf } from "../kit/refusal.ts";

const SECRET = "a-secret-of-at-least-32-characters";
const ISSUER = "https://id.example.org";
const AUDIENCE = "chat";

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with any claims at all, signed with HS256. */
const sign = (claims: JWTPayload, secret = SECRET, header = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).sign(new TextEncoder().encode(secret));

const publicJwk = async (key: CryptoKey, kid: string): Promise<JWK> => ({ ...(await exportJWK(key)), kid });

describe("a token signed with the secret", () => {
  const clock = fakeClock();
  const nowSec = clock.now() / 1000;
  const exp = nowSec + 60;
  const authenticate = (token: unknown, options: Partial<AuthenticatorOptions> = {}) =>
    createAuthenticator({ secret: SECRET, clock, ...options }).authenticate(token);
  const codeOf = async (token: unknown, options?: Partial<AuthenticatorOptions>) => {
    const refusal = await refusalOf(authenticate(token, options));
    expect(refusal.details).to.equal(undefined);
    return refusal.code;
  };

  it("tells who somebody is", async () => {
    const roles = ["admin", "monitor", "moderator", "monitor", 7];
    const token = await sign({ sub: "auth0|x", name: "Ann", roles, rooms: ["team-*", "*"], exp, iat: nowSec - 0.75 });
    expect(await authenticate(token)).to.deep.equal({
      user: { id: "auth0|x", name: "Ann", roles: ["moderator", "monitor"], rooms: ["team-*", "*"] },
      issuedAt: clock.now() - 750,
      expiresAt: clock.now() + 60_000,
    });
  });

  it("needs no more than sub and exp", async () => {
    const user = { id: "ann", name: "ann", roles: [], rooms: [] };
    expect(await authenticate(await sign({ sub: "ann", exp }))).to.deep.equal({ user, expiresAt: exp * 1000 });
    const nulls = { sub: "ann", exp, name: null, roles: null, rooms: null };
    expect((await authenticate(await sign(nulls))).user).to.deep.equal(user);
  });

  it("is refused when it was issued later than clocks may differ, since it would outlive a revocation", async () => {
    expect(await codeOf(await sign({ sub: "ann", exp: exp + 120, iat: nowSec + 61 }))).to.equal("unauthorized");
    const ahead = await authenticate(await sign({ sub: "ann", exp: exp + 120, iat: nowSec + 59 }));
    expect(ahead.user.id).to.equal("ann");
  });

  it("has a name that can be shown", async () => {
    const names = [
      [{ name: "x".repeat(101) }, "x".repeat(100)],
      [{ name: " \n" }, "ann"],
      [{ name: 7 }, "ann"],
      [{ sub: "x".repeat(255) }, "x".repeat(100)],
    ] as const;
    for (const [claims, name] of names) {
      expect((await authenticate(await sign({ sub: "ann", exp, ...claims }))).user.name).to.equal(name);
    }
  });

  it("is refused where it is none", async () => {
    const garbage = [undefined, null, 7, {}, "", "x", "..", "a.b.c", `${base64url({})}.${base64url({})}.`, "é.é.é"];
    for (const token of garbage) expect(await codeOf(token)).to.equal("unauthorized");
  });

  it("is good although others with the same header were not, and however many headers were made up meanwhile", async () => {
    const token = await sign({ sub: "ann", exp }, SECRET, { kid: "a header of this test" });
    const [header = "", payload] = token.split(".");
    for (const cut of [
      header,
      `${header}.`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${token}.`,
      `${token}..`,
    ])
      expect(await codeOf(cut), cut).to.equal("unauthorized");
    expect((await authenticate(token)).user.id).to.equal("ann");
    for (let n = 0; n < 300; n++) await codeOf(`${base64url({ alg: "none", n })}.${payload}.`);
    expect((await authenticate(token)).user.id).to.equal("ann");
  });

  it("is refused above 16,384 characters", async () => {
    const claims = { sub: "ann", exp, padding: "" };
    const { length } = await sign(claims);
    const room = Math.floor(((16_384 - length) * 3) / 4);
    const longest = await sign({ ...claims, padding: "x".repeat(room) });
    expect(longest.length).to.be.within(16_380, 16_384);
    expect((await authenticate(longest)).user.id).to.equal("ann");
    expect(await codeOf(await sign({ ...claims, padding: "x".repeat(room + 4) }))).to.equal("unauthorized");
  });

  it("is refused with claims that are missing or bad", async () => {
    const noUser: object[] = [
      { sub: undefined },
      { sub: "" },
      { sub: "a b" },
      { sub: "é" },
      { sub: 7 },
      { sub: ["ann"] },
    ];
    const noTime: object[] = [
      { exp: undefined },
      { exp: null },
      { exp: "soon" },
      { exp: 1e300 },
      { exp: 8.64e12 + 1 },
      { iat: -1 },
      { iat: "now" },
      { nbf: exp },
    ];
    const noRooms: object[] = [{ rooms: "team" }, { rooms: [7] }, { rooms: ["a b"] }, { rooms: Array(201).fill("a") }];
    for (const bad of [...noUser, { sub: "x".repeat(256) }, ...noTime, ...noRooms]) {
      expect(await codeOf(await sign({ sub: "ann", exp, ...bad })), JSON.stringify(bad)).to.equal("unauthorized");
    }
    for (const text of ["[]", "null", "no JSON", '{"sub":"ann","exp":1e400}']) {
      const bytes = new TextEncoder().encode(text);
      const token = new CompactSign(bytes).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
      expect(await codeOf(await token), text).to.equal("unauthorized");
    }
  });

  it("runs out to the millisecond, by the clock that was given", async () => {
    const ownClock = fakeClock();
    const { token, expiresAt } = await signToken(SECRET, { sub: "ann" }, { ttlSec: 1.5, clock: ownClock });
    await ownClock.advance(1499);
    expect(await authenticate(token, { clock: ownClock })).to.include({ expiresAt, issuedAt: expiresAt - 1500 });
    await ownClock.advance(1);
    expect(await codeOf(token, { clock: ownClock })).to.equal("token_expired");
  });

  it("is not called expired where it was never good", async () => {
    const expired = { sub: "ann", exp: nowSec - 1 };
    expect(await codeOf(await sign(expired))).to.equal("token_expired");
    expect(await codeOf(await sign(expired, "x".repeat(32)))).to.equal("unauthorized");
    expect(await codeOf(await sign(expired), { issuer: ISSUER })).to.equal("unauthorized");
  });

  it("is refused when it was tampered with, or signed with another key", async () => {
    const [header, , signature] = (await sign({ sub: "ann", exp })).split(".");
    const changed = base64url({ sub: "bob", exp, roles: ["moderator"] });
    expect(await codeOf(`${header}.${changed}.${signature}`)).to.equal("unauthorized");
    expect(await codeOf(await sign({ sub: "ann", exp }, "x".repeat(32)))).to.equal("unauthorized");
    expect(await codeOf(await sign({ sub: "ann", exp }), { secret: "x".repeat(32) })).to.equal("unauthorized");
  });

  it("is refused without a signature, or with an algorithm other than HS256", async () => {
    const payload = base64url({ sub: "ann", exp });
    for (const alg of ["none", "None", "NONE", "", undefined, "HS384", "__proto__", "constructor", 7]) {
      expect(await codeOf(`${base64url({ alg })}.${payload}.`)).to.equal("unauthorized");
    }
    const long = new TextEncoder().encode("x".repeat(64));
    for (const alg of ["HS384", "HS512"]) {
      const token = await new SignJWT({ sub: "ann", exp }).setProtectedHeader({ alg }).sign(long);
      expect(await codeOf(token, { secret: long })).to.equal("unauthorized");
    }
  });

  it("is refused when it asks for what is not understood, or when its signature is written in another way", async () => {
    const sealed = (header: object) => sign({ sub: "ann", exp }, SECRET, header);
    expect((await authenticate(await sealed({ kid: "any", typ: "at+jwt" }))).user.id).to.equal("ann");
    const [, payload] = (await sealed({})).split(".");
    const header = base64url({ alg: "HS256", crit: ["exp"], exp });
    const signature = createHmac("sha256", SECRET).update(`${header}.${payload}`).digest("base64url");
    expect(await codeOf(`${header}.${payload}.${signature}`)).to.equal("unauthorized");
    const token = await sealed({});
    for (const other of [`${token}=`, `${token}A`, `${token}.`, token.slice(0, -1), `${token}.${token}`])
      expect(await codeOf(other)).to.equal("unauthorized");
  });

  it("is refused from another issuer or for another audience, where these are configured", async () => {
    const checks = { issuer: ISSUER, audience: AUDIENCE };
    const good = { sub: "ann", exp, iss: ISSUER, aud: [AUDIENCE, "mail"] };
    expect((await authenticate(await sign(good), checks)).user.id).to.equal("ann");
    const { iss: _iss, ...noIssuer } = good;
    const { aud: _aud, ...noAudience } = good;
    for (const claims of [{ ...good, iss: `${ISSUER}/` }, { ...good, aud: "mail" }, noIssuer, noAudience]) {
      expect(await codeOf(await sign(claims), checks)).to.equal("unauthorized");
    }
  });

  it("keeps nothing of the token for the log", async () => {
    const { cause } = await refusalOf(
      authenticate(await sign({ sub: "ann", email: "ann@example.org", exp }), { issuer: ISSUER }),
    );
    expect(cause).to.be.instanceOf(Error).with.property("message").that.includes('"iss"');
    expect(Object.keys(cause as Error)).to.deep.equal([]);
  });

  it("is refused where there is no key at all", async () => {
    const refusal = await refusalOf(createAuthenticator({ clock }).authenticate(await sign({ sub: "ann", exp })));
    expect(refusal.code).to.equal("unauthorized");
  });

  it("needs a secret of 32 bytes", () => {
    expect(() => createAuthenticator({ secret: "x".repeat(31), clock })).to.throw(TypeError);
  });
});

describe("signToken", () => {
  it("signs what a check lets pass, and nothing else", async () => {
    const clock = fakeClock();
    const claims = { sub: "ann", name: "Ann", roles: ["service"], rooms: ["*"] } as const;
    const { token, expiresAt } = await signToken(SECRET, claims, { ttlSec: 60, clock });
    expect(expiresAt).to.equal(clock.now() + 60_000);
    const { user } = await createAuthenticator({ secret: SECRET, clock }).authenticate(token);
    expect(user).to.deep.equal({ id: "ann", name: "Ann", roles: ["service"], rooms: ["*"] });

    const refusal = await refusalOf(signToken(SECRET, { sub: "a b" }, { ttlSec: 60, clock }));
    expect(refusal.code).to.equal("bad_request");
    expect(refusal.details).to.have.nested.property("issues[0].path", "sub");
  });
});

describe("a token signed by an issuer with a key set", () => {
  const clock = fakeClock();
  const exp = clock.now() / 1000 + 60;
  const claims = { sub: "ann", iss: ISSUER, aud: AUDIENCE, exp };

  /** What the endpoint answers next; nothing: it does not answer. */
  let answer: (() => { status: number; body: unknown }) | undefined;
  let fetches: number;
  let server: Server;
  let url: string;
  let rsa: { privateKey: CryptoKey; publicKey: CryptoKey };

  const publish = (...keys: JWK[]) => (answer = () => ({ status: 200, body: { keys } }));
  const signWith = (key: CryptoKey, alg: string, kid: string, payload: JWTPayload = claims) =>
    new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key);
  const create = (options: Partial<AuthenticatorOptions> = {}) =>
    createAuthenticator({ jwksUrl: url, issuer: ISSUER, audience: AUDIENCE, clock, ...options });
  const codeOf = async (token: string, authenticator = create()) =>
    (await refusalOf(authenticator.authenticate(token))).code;

  before(async () => {
    rsa = await generateKeyPair("RS256");
    server = createServer((_request, response) => {
      fetches += 1;
      if (answer === undefined) return;
      const { status, body } = answer();
      response.writeHead(status, { "content-type": "application/json", location: "/elsewhere" });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });
  after(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  beforeEach(async () => {
    fetches = 0;
    publish(await publicJwk(rsa.publicKey, "one"));
  });

  it("is good with every asymmetric algorithm", async () => {
    const algs = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
    const pairs = await Promise.all(algs.map(async (alg) => generateKeyPair(alg)));
    publish(...(await Promise.all(pairs.map(({ publicKey }, index) => publicJwk(publicKey, `key-${index}`)))));
    const authenticator = create();
    for (const [index, { privateKey }] of pairs.entries()) {
      const token = await signWith(privateKey, algs[index] ?? "", `key-${index}`);
      expect((await authenticator.authenticate(token)).user.id, algs[index]).to.equal("ann");
    }
    expect(fetches).to.equal(1);
  });

  it("needs an issuer and an audience to be configured", () => {
    expect(() => createAuthenticator({ jwksUrl: url, issuer: ISSUER, clock })).to.throw(TypeError);
    expect(() => createAuthenticator({ jwksUrl: url, audience: AUDIENCE, clock })).to.throw(TypeError);
  });

  it("is refused from another issuer, for another audience, expired, or without an end", async () => {
    const { exp: _exp, ...endless } = claims;
    for (const bad of [{ ...claims, iss: "https://evil.example" }, { ...claims, aud: "mail" }, endless]) {
      expect(await codeOf(await signWith(rsa.privateKey, "RS256", "one", bad))).to.equal("unauthorized");
    }
    const expired = await signWith(rsa.privateKey, "RS256", "one", { ...claims, exp: exp - 120 });
    expect(await codeOf(expired)).to.equal("token_expired");
  });

  it("is refused when the public key's text was taken for a secret", async () => {
    const pem = await exportSPKI(rsa.publicKey);
    const jwk = await publicJwk(rsa.publicKey, "one");
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? ""]) {
      const token = await sign(claims, secret, { kid: "one" });
      expect(await codeOf(token)).to.equal("unauthorized");
      expect(await codeOf(token, create({ secret: SECRET }))).to.equal("unauthorized");
    }
  });

  it("is refused when it names its own key, or none", async () => {
    const own = await generateKeyPair("RS256");
    const header = { alg: "RS256", kid: "one", jwk: await publicJwk(own.publicKey, "one"), jku: `${url}/evil` };
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(own.privateKey);
    expect(await codeOf(token)).to.equal("unauthorized");
    const unsigned = `${base64url({ alg: "none", kid: "one" })}.${base64url(claims)}.`;
    expect(await codeOf(unsigned)).to.equal("unauthorized");
    expect(fetches).to.equal(1);
  });

  it("is refused with a key of the set that is no public one", async () => {
    const oct = { kty: "oct", kid: "sym", k: Buffer.from(SECRET).toString("base64url"), alg: "HS256" };
    publish(oct, await publicJwk(rsa.publicKey, "one"));
    expect(await codeOf(await sign(claims, SECRET, { kid: "sym" }))).to.equal("unauthorized");
  });

  it("stands beside one that was signed with the secret: the algorithm chooses the key", async () => {
    const authenticator = create({ secret: SECRET });
    expect((await authenticator.authenticate(await sign(claims))).user.id).to.equal("ann");
    expect(fetches).to.equal(0);
    const byIssuer = await signWith(rsa.privateKey, "RS256", "one");
    expect((await authenticator.authenticate(byIssuer)).user.id).to.equal("ann");
    const { token } = await signToken(SECRET, { sub: "ann" }, { ttlSec: 60, clock });
    expect(await codeOf(token, authenticator)).to.equal("unauthorized");
  });

  it("is refused with an unknown key, which is asked for once in the cooldown", async () => {
    const authenticator = create();
    for (const kid of ["two", "three", "four"]) {
      expect(await codeOf(await signWith(rsa.privateKey, "RS256", kid), authenticator)).to.equal("unauthorized");
    }
    expect(fetches).to.equal(1);
  });

  it("is good with a key that the issuer has changed to, and no longer with the old one", async () => {
    const authenticator = create({ jwksCooldownMs: 0 });
    const oldToken = await signWith(rsa.privateKey, "RS256", "one");
    await authenticator.authenticate(oldToken);
    const next = await generateKeyPair("ES256");
    publish(await publicJwk(next.publicKey, "two"));
    const newToken = await signWith(next.privateKey, "ES256", "two");
    expect((await authenticator.authenticate(newToken)).user.id).to.equal("ann");
    expect(await codeOf(oldToken, authenticator)).to.equal("unauthorized");
  });

  it("cannot be told while the endpoint is out, and is good again when it is back", async () => {
    const authenticator = create();
    const token = await signWith(rsa.privateKey, "RS256", "one");
    const outages = [
      { status: 500, body: {} },
      { status: 302, body: {} },
      { status: 200, body: "no key set" },
      { status: 200, body: { keys: [{ kty: "RSA", kid: "one" }] } },
    ];
    for (const outage of outages) {
      answer = () => outage;
      const refusal = await refusalOf(create().authenticate(token));
      expect(refusal.failure, JSON.stringify(outage)).to.include({ code: "unavailable", retryable: true });
      expect(refusal.details).to.equal(undefined);
    }
    answer = () => ({ status: 503, body: {} });
    expect(await codeOf(token, authenticator)).to.equal("unavailable");
    publish(await publicJwk(rsa.publicKey, "one"));
    expect((await authenticator.authenticate(token)).user.id).to.equal("ann");
  });

  it("cannot be told while nobody listens there, or nobody answers in time", async () => {
    const token = await signWith(rsa.privateKey, "RS256", "one");
    const unused = createServer();
    await new Promise<void>((listening) => unused.listen(0, "127.0.0.1", listening));
    const { port } = unused.address() as AddressInfo;
    await new Promise((closed) => unused.close(closed));
    expect(await codeOf(token, create({ jwksUrl: `http://127.0.0.1:${port}/keys` }))).to.equal("unavailable");

    answer = undefined;
    expect(await codeOf(token, create({ jwksTimeoutMs: 50 }))).to.equal("unavailable");
  });
});
