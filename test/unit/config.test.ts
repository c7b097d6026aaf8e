import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import express from "express";
import { ConfigError, parseConfig, settings, type Env } from "../../src/config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
/** As the protocol's table has them, and one that was added. */
const NAMES = `
  NODE_ENV PORT HOST WORKERS REDIS_URL REDIS_PREFIX JWT_SECRET JWKS_URL JWT_ISSUER JWT_AUDIENCE API_KEYS GUESTS
  ROOM_ACCESS ALLOWED_ORIGINS HISTORY_SIZE HISTORY_TTL_SEC INBOX_SIZE RATE_PER_SEC RATE_BURST CONNECTS_PER_SEC
  CONNECTS_BURST MAX_ROOMS MAX_FRAME_BYTES MAX_BUFFER_BYTES ADVERTISE CLUSTER_SECRET CARILLON_RUN_DIR DRAIN_MS
  FAN_OUT INTAKE WARM_UP_MS LOG_LEVEL TRUST_PROXY
`;
const ISSUER = { JWKS_URL: "https://id.example.org/keys", JWT_ISSUER: "https://id.example.org", JWT_AUDIENCE: "chat" };

function problemsOf(env: Env, readFile?: (path: string) => string): readonly string[] {
  try {
    parseConfig(env, readFile);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("parseConfig", () => {
  it("fills in every default where nothing is set", () => {
    expect(parseConfig({})).to.deep.equal({
      port: 3000,
      host: "127.0.0.1",
      workers: availableParallelism(),
      auth: { apiKeys: [] },
      guests: true,
      roomAccess: "open",
      allowedOrigins: [],
      historySize: 1000,
      historyTtlSec: 2_592_000,
      inboxSize: 1000,
      ratePerSec: 50,
      rateBurst: 100,
      connectsPerSec: 100,
      connectsBurst: 1000,
      maxRooms: 100,
      maxFrameBytes: 65_536,
      maxBufferBytes: 1_048_576,
      runDir: join(tmpdir(), `carillon-${process.getuid?.()}-3000`),
      drainMs: 10_000,
      fanOut: "watched",
      intake: "direct",
      warmUpMs: 1_000,
      logLevel: "info",
      trustProxy: false,
      production: false,
    });
  });

  it("takes what is set", () => {
    const config = parseConfig({
      ...ISSUER,
      NODE_ENV: "production",
      PORT: "0",
      HOST: "::",
      WORKERS: "4",
      REDIS_URL: "redis+cluster://a:1,b:2,c:3",
      REDIS_PREFIX: "team:chat",
      JWT_SECRET: SECRET,
      API_KEYS: "first-key-0123456, second-key-012345 ,",
      RATE_PER_SEC: "0",
      ADVERTISE: "[fd00::1]:4000",
      CLUSTER_SECRET: "0123456789abcdef",
      LOG_LEVEL: "SILENT",
    });
    expect(config).to.include({ port: 0, host: "::", workers: 4, ratePerSec: 0, logLevel: "silent", production: true });
    expect(config).to.include({ advertise: "[fd00::1]:4000", clusterSecret: "0123456789abcdef" });
    expect(config.redis).to.deep.equal({ url: "redis+cluster://a:1,b:2,c:3", prefix: "team:chat" });
    expect(config.auth).to.deep.equal({
      secret: SECRET,
      jwksUrl: ISSUER.JWKS_URL,
      issuer: ISSUER.JWT_ISSUER,
      audience: ISSUER.JWT_AUDIENCE,
      apiKeys: ["first-key-0123456", "second-key-012345"],
    });
  });

  it("takes an empty variable for an unset one", () => {
    const empty = Object.fromEntries(settings.map(({ name }) => [name, ""]));
    expect(parseConfig({ ...empty, JWT_SECRET_FILE: "" })).to.deep.equal(parseConfig({}));
  });

  it("lists every bad value at once, with what is expected, and shows no secret", () => {
    const bad: Env = {
      PORT: "65536",
      HOST: "not a host",
      WORKERS: "0",
      REDIS_URL: "http://:hunter2@cache",
      REDIS_PREFIX: "{x}",
      JWT_SECRET: "hunter2",
      JWKS_URL: "file:///etc/passwd",
      API_KEYS: "hunter2",
      GUESTS: "yes",
      ROOM_ACCESS: "ajar",
      ALLOWED_ORIGINS: "https://a.example, https://b.example/path",
      HISTORY_SIZE: "1e3",
      HISTORY_TTL_SEC: "-1",
      INBOX_SIZE: "many",
      RATE_PER_SEC: "0.5",
      RATE_BURST: "0",
      CONNECTS_PER_SEC: "",
      MAX_FRAME_BYTES: "1",
      ADVERTISE: "host",
      CLUSTER_SECRET: "hunter2",
      DRAIN_MS: "10s",
      LOG_LEVEL: "loud\nFAKE LINE",
      TRUST_PROXY: "true",
    };
    expect(() => parseConfig(bad))
      .to.throw(ConfigError)
      .with.property("message")
      .that.does.not.include("hunter2");
    const named = problemsOf(bad).map((problem) => /^\w+/.exec(problem)?.[0]);
    expect(named).to.include.members(Object.keys(bad).filter((name) => bad[name] !== ""));
    expect(problemsOf({ PORT: "65536" })).to.deep.equal(['PORT="65536": expected a whole number from 0 to 65535']);
    expect(problemsOf({ JWT_SECRET: "hunter2" })).to.deep.equal([
      "JWT_SECRET (not shown): expected at least 32 characters",
    ]);
    expect(problemsOf({ LOG_LEVEL: "loud\nFAKE LINE" })[0]).to.include('LOG_LEVEL="loud\\nFAKE LINE": expected one of');
  });

  it("tells the name, the default and the meaning of every setting", () => {
    expect(settings.map(({ name }) => name)).to.have.members(NAMES.trim().split(/\s+/));
    for (const { default: text, meaning } of settings) expect([text, meaning]).not.to.include("");
    expect(settings).to.deep.include({
      name: "PORT",
      default: "3000",
      meaning: "the port; 0 takes a free one",
      secret: false,
    });
    expect(settings.filter(({ secret }) => secret).map(({ name }) => name)).to.have.members([
      "REDIS_URL",
      "JWT_SECRET",
      "API_KEYS",
      "CLUSTER_SECRET",
    ]);
  });
});

describe("parseConfig, of secrets in files", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "config-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(content: string): string {
    const path = join(folder, "secret");
    writeFileSync(path, content);
    return path;
  }

  it("reads each of them, without the newline at its end", () => {
    const config = parseConfig(
      { JWT_SECRET_FILE: "/jwt", API_KEYS_FILE: "/api", CLUSTER_SECRET_FILE: "/cluster", REDIS_URL_FILE: "/redis" },
      (path) =>
        ({ "/jwt": ` ${SECRET}\n`, "/api": "0123456789abcdef\r\n", "/cluster": SECRET, "/redis": "redis://r\n" })[
          path
        ] ?? "",
    );
    expect(config.auth).to.deep.equal({ secret: ` ${SECRET}`, apiKeys: ["0123456789abcdef"] });
    expect(config.clusterSecret).to.equal(SECRET);
    expect(config.redis?.url).to.equal("redis://r");
  });

  it("reads real files", () => {
    expect(parseConfig({ JWT_SECRET_FILE: file(`${SECRET}\n`) }).auth.secret).to.equal(SECRET);
  });

  it("refuses both a value and a file", () => {
    const env = { JWT_SECRET: SECRET, JWT_SECRET_FILE: file(SECRET) };
    expect(problemsOf(env)).to.deep.equal(["JWT_SECRET and JWT_SECRET_FILE: expected only one of them"]);
  });

  it("refuses a file that cannot be read or is empty, and says nothing of a missing key then", () => {
    const gone = join(folder, "gone");
    expect(problemsOf({ NODE_ENV: "production", JWT_SECRET_FILE: gone })).to.deep.equal([
      `JWT_SECRET_FILE=${JSON.stringify(gone)}: the file cannot be read (ENOENT)`,
    ]);
    const empty = file("\n");
    expect(problemsOf({ JWT_SECRET_FILE: empty })).to.deep.equal([
      `JWT_SECRET_FILE=${JSON.stringify(empty)}: the file is empty`,
    ]);
  });
});

describe("parseConfig, of guests and keys", () => {
  it("has guests on, on loopback and in open rooms, only where there is no key of tokens", () => {
    expect(parseConfig({})).to.include({ guests: true, host: "127.0.0.1", roomAccess: "open" });
    const closed = { guests: false, host: "0.0.0.0", roomAccess: "closed" };
    expect(parseConfig({ JWT_SECRET: SECRET })).to.include(closed);
    expect(parseConfig(ISSUER)).to.include(closed);
    expect(parseConfig({ GUESTS: "off" })).to.include(closed);
  });

  it("does as it is told where something is set", () => {
    const env = { JWT_SECRET: SECRET, GUESTS: "On", ROOM_ACCESS: "closed", HOST: "localhost" };
    expect(parseConfig(env)).to.include({ guests: true, host: "localhost", roomAccess: "closed" });
  });

  it("takes every spelling of on and off", () => {
    for (const on of ["on", "true", "1"]) expect(parseConfig({ GUESTS: on }).guests).to.equal(true);
    for (const off of ["off", "false", "0"]) expect(parseConfig({ GUESTS: off }).guests).to.equal(false);
  });

  it("refuses production without a key of tokens, unless guests are wanted", () => {
    expect(problemsOf({ NODE_ENV: "production" }))
      .to.have.lengthOf(1)
      .and.satisfy(([problem]: string[]) => problem?.startsWith("NODE_ENV=production needs a key of tokens"));
    expect(problemsOf({ NODE_ENV: "production", API_KEYS: SECRET })).to.have.lengthOf(1);
    expect(problemsOf({ NODE_ENV: "production", GUESTS: "off" })).to.have.lengthOf(1);
    expect(parseConfig({ NODE_ENV: "production", GUESTS: "on" }).guests).to.equal(true);
    expect(parseConfig({ NODE_ENV: "production", JWT_SECRET: SECRET }).guests).to.equal(false);
    expect(parseConfig({ NODE_ENV: "production", ...ISSUER }).guests).to.equal(false);
  });

  it("refuses JWKS_URL without an issuer and an audience", () => {
    expect(problemsOf({ JWKS_URL: ISSUER.JWKS_URL })).to.deep.equal([
      "JWKS_URL needs JWT_ISSUER",
      "JWKS_URL needs JWT_AUDIENCE",
    ]);
  });

  it("refuses ADVERTISE without what authenticates that hop", () => {
    expect(problemsOf({ ADVERTISE: "a:1" })).to.deep.equal(["ADVERTISE needs CLUSTER_SECRET"]);
  });
});

describe("parseConfig, of forms", () => {
  it("takes every kind of Redis URL, and no other", () => {
    for (const kind of ["redis", "redis+cluster", "redis+sentinel", "rediss", "rediss+cluster", "rediss+sentinel"]) {
      expect(parseConfig({ REDIS_URL: `${kind}://a,b,c/name` }).redis?.prefix).to.equal("carillon");
    }
    for (const url of ["http://a", "redis:a", "redisss://a", "redis+unix://a", "redis://", "a:6379"]) {
      expect(problemsOf({ REDIS_URL: url }), url).to.have.lengthOf(1);
    }
  });

  it("takes exact origins, as browsers send them", () => {
    const origins = "https://Chat.example.org:443,http://localhost:5173 , capacitor://localhost";
    expect(parseConfig({ ALLOWED_ORIGINS: origins }).allowedOrigins).to.deep.equal([
      "https://chat.example.org",
      "http://localhost:5173",
      "capacitor://localhost",
    ]);
    for (const origin of [
      "*",
      "https://*.example.org",
      "example.org",
      "https://a.org/",
      "null",
      "https://u@a.org",
      ",",
    ]) {
      expect(problemsOf({ ALLOWED_ORIGINS: origin }), origin).to.have.lengthOf(1);
    }
  });

  it("takes proxies as Express takes them", () => {
    const proxies = {
      none: false,
      "0": false,
      "2": 2,
      "loopback, 10.0.0.0/8,fd00::/8": ["loopback", "10.0.0.0/8", "fd00::/8"],
      "192.0.2.1": ["192.0.2.1"],
    };
    for (const [text, value] of Object.entries(proxies)) {
      const { trustProxy } = parseConfig({ TRUST_PROXY: text });
      expect(trustProxy, text).to.deep.equal(value);
      expect(() => express().set("trust proxy", trustProxy)).not.to.throw();
    }
    for (const text of ["true", "on", "*", "10.0.0.0/33", "0.0.0.0/0", "fe80::1%lo", "-1", "proxy.local", ","]) {
      expect(problemsOf({ TRUST_PROXY: text }), text).to.have.lengthOf(1);
    }
  });

  it("takes host:port where other hosts shall reach it", () => {
    const CLUSTER_SECRET = SECRET;
    for (const ADVERTISE of ["10.0.0.1:4000", "worker-1.local:1", "[::1]:65535"]) {
      expect(parseConfig({ ADVERTISE, CLUSTER_SECRET }).advertise).to.equal(ADVERTISE);
    }
    for (const ADVERTISE of ["10.0.0.1", ":4000", "a:0", "a:65536", "[a.b]:1", "http://a:1"]) {
      expect(problemsOf({ ADVERTISE, CLUSTER_SECRET }), ADVERTISE).to.have.lengthOf(1);
    }
  });
});
