import { readFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { Environment, settings, Switch, type TrustedProxies } from "./environment.ts";

export { settings, type Setting, type TrustedProxies } from "./environment.ts";

/** What the process is told from outside, with every default filled in. */
export interface Config {
  /** 0: whichever is free. */
  readonly port: number;
  readonly host: string;
  /** How many processes the cluster has. */
  readonly workers: number;
  /** In memory, in one process, without it. */
  readonly redis?: { readonly url: string; readonly prefix: string };
  readonly auth: {
    readonly secret?: string;
    readonly jwksUrl?: string;
    readonly issuer?: string;
    readonly audience?: string;
    readonly apiKeys: readonly string[];
  };
  readonly guests: boolean;
  readonly roomAccess: "open" | "closed";
  /** Beside the service's own. */
  readonly allowedOrigins: readonly string[];
  readonly historySize: number;
  readonly historyTtlSec: number;
  readonly inboxSize: number;
  /** 0: no limit; of `connectsPerSec` too. */
  readonly ratePerSec: number;
  readonly rateBurst: number;
  readonly connectsPerSec: number;
  readonly connectsBurst: number;
  readonly maxRooms: number;
  readonly maxFrameBytes: number;
  readonly maxBufferBytes: number;
  /** `host:port` of the internal listener for other hosts. */
  readonly advertise?: string;
  readonly clusterSecret?: string;
  /** Where the workers of this host leave their sockets. */
  readonly runDir: string;
  readonly drainMs: number;
  readonly fanOut: z.output<typeof Environment>["FAN_OUT"];
  readonly intake: z.output<typeof Environment>["INTAKE"];
  readonly warmUpMs: number;
  readonly logLevel: z.output<typeof Environment>["LOG_LEVEL"];
  readonly trustProxy: TrustedProxies;
  /** `NODE_ENV` is `production`. */
  readonly production: boolean;
}

/** The environment cannot be used. The message lists all that is wrong with it, and no secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

export type Env = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string, encoding: "utf8") => string;

/**
 * Reads the configuration out of `env`. An empty variable is an unset one; every secret may come as the path of a file
 * in `<name>_FILE`.
 * @throws ConfigError with every bad value at once.
 */
export function parseConfig(env: Env, readFile: ReadFile = readFileSync): Config {
  const { values, problems } = readSecrets(env, readFile);
  const parsed = Environment.safeParse(values);
  if (!parsed.success) problems.push(...badValues(parsed.error, values));
  problems.push(...contradictions(env));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data);
}

const isGiven = (env: Env, name: string) => (env[name] ?? "") !== "" || (env[`${name}_FILE`] ?? "") !== "";

/** The variables of the schema, with the secrets' files read. */
function readSecrets(env: Env, readFile: ReadFile) {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const { name, secret } of settings) {
    const value = env[name];
    const path = secret ? env[`${name}_FILE`] : undefined;
    if (value && path) problems.push(`${name} and ${name}_FILE: expected only one of them`);
    else if (value) values[name] = value;
    else if (path) {
      const content = contentOf(path, readFile);
      if (content.text) values[name] = content.text;
      else problems.push(`${name}_FILE=${show(path)}: ${content.problem ?? "the file is empty"}`);
    }
  }
  return { values, problems };
}

function contentOf(path: string, readFile: ReadFile): { text?: string; problem?: string } {
  try {
    // Editors, `echo` and secret stores end a file with a newline that is no part of the secret.
    return { text: readFile(path, "utf8").replace(/\r?\n$/, "") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return { problem: `the file cannot be read${code}` };
  }
}

function badValues({ issues }: z.ZodError, values: Readonly<Record<string, string>>): string[] {
  const expected = new Map(issues.map(({ path, message }) => [String(path[0]), message]));
  return settings.flatMap(({ name, secret }) => {
    const message = expected.get(name);
    if (message === undefined) return [];
    return [`${name}${secret ? " (not shown)" : `=${show(values[name] ?? "")}`}: expected ${message}`];
  });
}

/** One line, whatever is in it. */
function show(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
}

/** What is wrong between variables. It looks at what was given, good or bad, so that one mistake is told once. */
function contradictions(env: Env): string[] {
  const given = (name: string) => isGiven(env, name);
  const problems: string[] = [];
  for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"]) {
    // Without them, a token that the issuer made for any other service would open this one.
    if (given("JWKS_URL") && !given(name)) problems.push(`JWKS_URL needs ${name}`);
  }
  if (given("ADVERTISE") && !given("CLUSTER_SECRET")) problems.push("ADVERTISE needs CLUSTER_SECRET");
  const guestsOn = Switch.safeParse(env["GUESTS"]).data === true;
  if (env["NODE_ENV"]?.trim() === "production" && !given("JWT_SECRET") && !given("JWKS_URL") && !guestsOn) {
    problems.push(
      "NODE_ENV=production needs a key of tokens: set JWT_SECRET or JWKS_URL, or GUESTS=on if anybody may come in as a guest",
    );
  }
  return problems;
}

function toConfig(env: z.output<typeof Environment>): Config {
  const guests = env.GUESTS ?? (env.JWT_SECRET === undefined && env.JWKS_URL === undefined);
  return {
    port: env.PORT,
    // Not "::": that fails where IPv6 is off, and gives an IPv4 client a second spelling in limits and logs.
    host: env.HOST ?? (guests ? "127.0.0.1" : "0.0.0.0"),
    workers: env.WORKERS ?? availableParallelism(),
    ...(env.REDIS_URL !== undefined && { redis: { url: env.REDIS_URL, prefix: env.REDIS_PREFIX } }),
    auth: {
      ...(env.JWT_SECRET !== undefined && { secret: env.JWT_SECRET }),
      ...(env.JWKS_URL !== undefined && { jwksUrl: env.JWKS_URL }),
      ...(env.JWT_ISSUER !== undefined && { issuer: env.JWT_ISSUER }),
      ...(env.JWT_AUDIENCE !== undefined && { audience: env.JWT_AUDIENCE }),
      apiKeys: env.API_KEYS,
    },
    guests,
    roomAccess: env.ROOM_ACCESS ?? (guests ? "open" : "closed"),
    allowedOrigins: env.ALLOWED_ORIGINS,
    historySize: env.HISTORY_SIZE,
    historyTtlSec: env.HISTORY_TTL_SEC,
    inboxSize: env.INBOX_SIZE,
    ratePerSec: env.RATE_PER_SEC,
    rateBurst: env.RATE_BURST,
    connectsPerSec: env.CONNECTS_PER_SEC,
    connectsBurst: env.CONNECTS_BURST,
    maxRooms: env.MAX_ROOMS,
    maxFrameBytes: env.MAX_FRAME_BYTES,
    maxBufferBytes: env.MAX_BUFFER_BYTES,
    ...(env.ADVERTISE !== undefined && { advertise: env.ADVERTISE }),
    ...(env.CLUSTER_SECRET !== undefined && { clusterSecret: env.CLUSTER_SECRET }),
    // Short: the path of a unix socket has at most 107 bytes.
    runDir: env.CARILLON_RUN_DIR ?? join(tmpdir(), `carillon-${process.getuid?.() ?? 0}-${env.PORT}`),
    drainMs: env.DRAIN_MS,
    fanOut: env.FAN_OUT,
    intake: env.INTAKE,
    warmUpMs: env.WARM_UP_MS,
    logLevel: env.LOG_LEVEL,
    trustProxy: env.TRUST_PROXY,
    production: env.NODE_ENV === "production",
  };
}
