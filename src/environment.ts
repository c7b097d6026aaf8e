import { isIP } from "node:net";
import { z } from "zod";
import { FAN_OUTS } from "./runtime/fan-out/index.ts";
import { INTAKES } from "./runtime/intake.ts";

const DAY_SEC = 86_400;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
const REDIS_URL = /^redis(s|\+cluster|s\+cluster|\+sentinel|s\+sentinel)?:\/\/\S+$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,252})$/;
const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([1-9]\d{0,4})$/;

// Every schema's message is what it expects: the name and the value are put before it.

const text = (expected: string, fits: (value: string) => boolean) => z.string().trim().refine(fits, expected);

const integer = (min: number, max: number) =>
  text(`a whole number from ${min} to ${max}`, (value) => {
    return /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max;
  }).transform(Number);

const oneOf = <const V extends string>(values: readonly V[]) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(values, `one of ${values.join(", ")}`));

const list = (expected: string, fits: (item: string) => boolean) =>
  z
    .string()
    .transform(split)
    .refine((items) => items.length > 0 && items.every(fits), expected);

export const Switch = oneOf(["on", "off", "true", "false", "1", "0"]).transform((value) =>
  ["on", "true", "1"].includes(value),
);

/** Used as it is, white space and all: what another program signs with has to be the same to the byte. */
const secretText = (minLength: number) => z.string().min(minLength, `at least ${minLength} characters`);

const TrustProxy = text(
  "none, a number of hops, or comma-separated addresses, CIDRs or loopback, linklocal, uniquelocal",
  (value) => value === "none" || isHops(value) || (split(value).length > 0 && split(value).every(isProxy)),
).transform((value): TrustedProxies => {
  if (value === "none") return false;
  return isHops(value) ? Number(value) || false : split(value);
});

/** Nobody, a number of hops, or addresses, as Express's `trust proxy` takes them. */
export type TrustedProxies = false | number | string[];

interface SettingMeta {
  readonly meaning: string;
  /** Where the schema has none of its own, because it depends on something. */
  readonly default?: string;
  readonly secret?: true;
}

const registry = z.registry<SettingMeta>();

const setting = <S extends z.ZodType>(schema: S, meaning: string, meta: Omit<SettingMeta, "meaning"> = {}): S => {
  registry.add(schema, { meaning, ...meta });
  return schema;
};

/** The environment: texts in, values out. */
export const Environment = z.object({
  NODE_ENV: setting(
    z.string().trim().optional(),
    "`production` refuses to start without a key of tokens, unless `GUESTS=on`",
  ),
  PORT: setting(integer(0, 65_535).default(3000), "the port; 0 takes a free one"),
  HOST: setting(
    text("an IP address or a host name", (value) => isIP(value) !== 0 || HOST_NAME.test(value)).optional(),
    "the address to listen on",
    { default: "127.0.0.1 while guests are on, else 0.0.0.0" },
  ),
  WORKERS: setting(integer(1, 1024).optional(), "processes of the cluster", { default: "cores" }),
  REDIS_URL: setting(
    z
      .string()
      .trim()
      .regex(
        REDIS_URL,
        "a URL of redis://, rediss://, redis+cluster://, rediss+cluster://, redis+sentinel:// or rediss+sentinel://",
      )
      .optional(),
    "where everything is kept; in memory without it",
    { secret: true },
  ),
  // Braces would be taken for a hash tag and move keys to other slots.
  REDIS_PREFIX: setting(
    text("1 to 64 of letters, digits, _ . : -", (value) => /^[A-Za-z0-9_.:-]{1,64}$/.test(value)).default("carillon"),
    "what every key and channel begins with",
  ),
  JWT_SECRET: setting(secretText(32).optional(), "the key of HS256 tokens", { secret: true }),
  JWKS_URL: setting(
    text("an http or https URL without credentials", isPlainHttpUrl).optional(),
    "where the issuer of tokens publishes its keys; needs `JWT_ISSUER` and `JWT_AUDIENCE`",
  ),
  JWT_ISSUER: setting(text("some text", (value) => value !== "").optional(), "the `iss` that tokens must have"),
  JWT_AUDIENCE: setting(text("some text", (value) => value !== "").optional(), "the `aud` that tokens must have"),
  API_KEYS: setting(
    list("comma-separated keys of at least 16 characters each", (key) => key.length >= 16).default([]),
    "comma-separated keys of the HTTP API",
    { secret: true },
  ),
  GUESTS: setting(Switch.optional(), "whether people without an account may come in", {
    default: "on without `JWT_SECRET` and `JWKS_URL`, else off",
  }),
  ROOM_ACCESS: setting(oneOf(["open", "closed"]).optional(), "whether anybody may enter any room", {
    default: "open with guests, else closed",
  }),
  ALLOWED_ORIGINS: setting(
    list("comma-separated origins of the form scheme://host[:port], without a path", isOrigin)
      .transform((origins) => origins.map(toOrigin))
      .default([]),
    "comma-separated origins of pages that may connect, beside the service's own",
  ),
  HISTORY_SIZE: setting(integer(1, 1_000_000).default(1000), "entries that a room's log keeps"),
  HISTORY_TTL_SEC: setting(integer(1, 3650 * DAY_SEC).default(30 * DAY_SEC), "how long an entry is kept, in seconds"),
  INBOX_SIZE: setting(integer(1, 1_000_000).default(1000), "notifications that an inbox keeps"),
  RATE_PER_SEC: setting(integer(0, 1_000_000).default(50), "requests a second of one socket; 0 is no limit"),
  RATE_BURST: setting(integer(1, 1_000_000).default(100), "requests of one socket at once"),
  CONNECTS_PER_SEC: setting(integer(0, 1_000_000).default(100), "handshakes a second of one address; 0 is no limit"),
  CONNECTS_BURST: setting(integer(1, 1_000_000).default(1000), "handshakes of one address at once"),
  MAX_ROOMS: setting(integer(1, 100_000).default(100), "rooms that one socket may attend"),
  MAX_FRAME_BYTES: setting(integer(1024, 2 ** 30).default(65_536), "the largest frame that is taken, in bytes"),
  MAX_BUFFER_BYTES: setting(
    // An ack of about 256 KiB and a batch of what was missed have to fit at once.
    integer(2 ** 19, 2 ** 30).default(2 ** 20),
    "what may wait for a client that does not read, in bytes",
  ),
  ADVERTISE: setting(
    text("host:port", isHostAndPort).optional(),
    "`host:port` at which other hosts reach this one's workers; needs `CLUSTER_SECRET`",
  ),
  CLUSTER_SECRET: setting(secretText(16).optional(), "what authenticates hosts to each other", { secret: true }),
  CARILLON_RUN_DIR: setting(
    z.string().trim().optional(),
    "where the workers of this host leave their sockets, by which they hand each other sessions; for them alone",
    { default: "a folder among the temporary ones, by user and port" },
  ),
  DRAIN_MS: setting(
    integer(0, 3_600_000).default(10_000),
    "how long a worker that goes away spreads its clients' leaving, in milliseconds",
  ),
  FAN_OUT: setting(
    oneOf(FAN_OUTS).default("watched"),
    "`watched`: one write for all that a client is sent in a turn, a room in one pass and (where a C compiler has built what does it) by one call, past Node's streams, and at once where it is likely to be all; `stock`: one for each packet, as Socket.IO does it; `frame`, `direct`, `turn`, `room`, `handle`, `lone` and `native` are in between, to be measured",
  ),
  INTAKE: setting(
    oneOf(INTAKES).default("direct"),
    "`direct`: requests are taken as soon as Socket.IO has decoded them; `stock`: as it hands them to listeners",
  ),
  WARM_UP_MS: setting(
    integer(0, 60_000).default(1_000),
    "for how long a worker talks to itself before it lets clients in, so that its code is compiled when they come; 0 for not at all",
  ),
  LOG_LEVEL: setting(oneOf(LOG_LEVELS).default("info"), "the least severe level that is logged"),
  TRUST_PROXY: setting(
    TrustProxy.default(false),
    "whose `X-Forwarded-For` is believed: a number of hops, or addresses",
    {
      default: "none",
    },
  ),
});

/** One variable of the environment, as a reference page shows it. */
export interface Setting {
  readonly name: string;
  /** In words, where it is no constant. */
  readonly default: string;
  readonly meaning: string;
  /** Never shown, and may come as the path of a file in `<name>_FILE`. */
  readonly secret: boolean;
}

/** Every variable, in the order of the schema. */
export const settings: readonly Setting[] = Object.entries(Environment.shape).map(([name, schema]) => {
  const { meaning = "", default: described, secret = false } = registry.get(schema) ?? {};
  return { name, default: described ?? (String(schema.parse(undefined) ?? "") || "none"), meaning, secret };
});

function split(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function isPlainHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}

function isOrigin(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/\\\s?#@*]+$/i.test(value) && URL.canParse(value);
}

/** As browsers send it: in lower case, without a default port. Schemes of apps have no origin of their own in URL. */
function toOrigin(value: string): string {
  const { origin } = new URL(value);
  return origin === "null" ? value.toLowerCase() : origin;
}

function isHostAndPort(value: string): boolean {
  const [, host = "", port = ""] = HOST_AND_PORT.exec(value) ?? [];
  return host !== "" && Number(port) <= 65_535 && (!host.startsWith("[") || isIP(host.slice(1, -1)) === 6);
}

function isHops(value: string): boolean {
  return /^\d{1,3}$/.test(value);
}

/** What Express takes: it throws at /0 and at addresses with a zone. */
function isProxy(value: string): boolean {
  if (["loopback", "linklocal", "uniquelocal"].includes(value)) return true;
  const [, address = "", bits] = /^([\da-f.:]+)(?:\/([1-9]\d{0,2}))?$/i.exec(value) ?? [];
  const family = isIP(address);
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128));
}
