import { createServer } from "node:http";
import { expect } from "chai";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { type Listening, listening } from "../kit/http.ts";
import { SECRET, startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const ISSUER = "https://issuer.example";
const AUDIENCE = "carillon";

/** An issuer of tokens that publishes its one key, and can be out. */
class Issuer implements AsyncDisposable {
  readonly #http: Listening;
  readonly #key: CryptoKey;
  asked = 0;
  isOut = false;

  private constructor(http: Listening, key: CryptoKey) {
    this.#http = http;
    this.#key = key;
  }

  static async start(): Promise<Issuer> {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "ES256" };
    const http = createServer((_request, response) => {
      issuer.asked++;
      if (issuer.isOut) return void response.writeHead(503).end();
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
    });
    const issuer = new Issuer(await listening(http), privateKey);
    return issuer;
  }

  get options() {
    return { jwksUrl: this.#http.url, issuer: ISSUER, audience: AUDIENCE };
  }

  token(sub: string, audience = AUDIENCE): Promise<string> {
    const header = { alg: "ES256", kid: "one" };
    const claims = new SignJWT({ sub, name: "Ann" }).setProtectedHeader(header).setIssuedAt().setExpirationTime("1h");
    return claims.setIssuer(ISSUER).setAudience(audience).sign(this.#key);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#http[Symbol.asyncDispose]();
  }
}

describe("tokens by JWKS", () => {
  it("let a client in, and refresh its connection, by the issuer's published key", async () => {
    await using issuer = await Issuer.start();
    await using server = await startServer({ auth: issuer.options });
    await using ann = await server.client("/chat", await issuer.token("ann")).connected();
    expect(ann.heard[0]?.payload.user).to.deep.equal({ id: "ann", name: "Ann", roles: [] });
    const { expiresAt } = await ann.request("token:refresh", { token: await issuer.token("ann") });
    expect(expiresAt).to.be.greaterThan(Date.now());
    expect(issuer.asked).to.equal(1);
  });

  it("are refused for good where they are for another audience, or by another key", async () => {
    await using issuer = await Issuer.start();
    await using stranger = await Issuer.start();
    await using server = await startServer({ auth: issuer.options });
    const tokens = [await issuer.token("ann", "another"), await stranger.token("ann"), await server.token("ann")];
    for (const token of tokens) {
      await using client = server.client("/chat", token);
      const refusal = await client.connected().catch((error: Error) => error.message);
      expect(refusal).to.equal("unauthorized");
    }
  });

  it("wait while the issuer is out: the client comes in by itself when it is back", async () => {
    await using issuer = await Issuer.start();
    issuer.isOut = true;
    await using server = await startServer({ auth: issuer.options });
    await using ann = server.client("/chat", await issuer.token("ann"));
    await eventually(() => issuer.asked >= 2);
    expect(ann.heard).to.deep.equal([]);
    issuer.isOut = false;
    await ann.event("session:opened");
  });

  it("do not end a connection when the issuer is out at a refresh", async () => {
    await using issuer = await Issuer.start();
    await using server = await startServer({ auth: { ...issuer.options, secret: SECRET } });
    await using ann = await server.connect("/chat", "ann", { iss: ISSUER, aud: AUDIENCE });
    issuer.isOut = true;
    expect(await ann.refusal("token:refresh", { token: await issuer.token("ann") })).to.equal("unavailable");
    await ann.request("room:mine");
    expect(ann.all("session:closing")).to.deep.equal([]);
  });
});
