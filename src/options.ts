import type { Server as HttpServer } from "node:http";
import type { Server } from "socket.io";
import type { AuthenticateHook } from "./auth/hook.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { Rate } from "./limits/bucket.ts";
import { type Logger, silent } from "./logger.ts";
import type { Authorize } from "./namespaces/chat/context.ts";
import type { AlertRule } from "./namespaces/monitor/index.ts";
import type { FanOutOptions } from "./runtime/fan-out/index.ts";
import type { TrustProxy } from "./runtime/gate.ts";
import type { INTAKES } from "./runtime/intake.ts";

type NamespaceName = "chat" | "notify" | "monitor";

/** How Carillon is put to work. One of `io` and `server` is needed; everything else has a default. */
export interface CarillonOptions {
  /** A Socket.IO server that is there already. Its own options stay: give it `serverOptions()` of a gate for Carillon's limits. */
  readonly io?: Server;
  /** An HTTP server that is there already, with or without an Express app: Carillon attaches a Socket.IO server to it. */
  readonly server?: HttpServer;
  /** Where clients connect to each namespace, or `false` for not at all. By default `/chat`, `/notify`, `/monitor`. */
  readonly namespaces?: Partial<Record<NamespaceName, string | false>>;
  /** Where what must not be lost is kept, and what joins the workers of a cluster; without it, this process's memory. */
  readonly redis?: {
    /** `redis://…`, `redis+cluster://a,b,c`, `redis+sentinel://a,b,c/name`; `rediss` for TLS. */
    readonly url: string;
    /** Before every key and channel; `carillon` unless told. */
    readonly prefix?: string;
  };
  /** How requests find the worker that holds their session, where a balancer sends them to any. Needs `server`. */
  readonly routing?: {
    /** Where the workers of this host leave their sockets; nobody else may look into it. */
    readonly directory: string;
    /** What session ids and the hop between hosts are signed with. Without it, one that the workers of this host share in `directory`. */
    readonly secret?: string;
    /** `host:port` at which other hosts reach this one's workers. Needs `secret`. */
    readonly advertise?: string;
  };
  /** How tokens are checked; without it and without guests, nobody is let in. */
  readonly auth?: {
    readonly secret?: string;
    readonly jwksUrl?: string;
    readonly issuer?: string;
    readonly audience?: string;
  };
  /** Tells who holds a token, in the place of `auth`. `null` is nobody; it has 5 s. */
  readonly authenticate?: AuthenticateHook;
  /** Tells who may do what in a room, in the place of Carillon's own rule; it has 5 s. */
  readonly authorize?: Authorize;
  /** Whether people without an account are let in under a name of their choice. Off by default. */
  readonly guests?: boolean;
  /** Keys of the HTTP API. */
  readonly apiKeys?: readonly string[];
  /** Whether any room may be entered by anybody; open by default where guests are on. */
  readonly roomAccess?: "open" | "closed";
  /** Whether the router serves the web app at its root. On by default. */
  readonly web?: boolean;
  readonly historySize?: number;
  readonly historyTtlSec?: number;
  readonly inboxSize?: number;
  /** Requests of one socket; `perSec: 0` is no limit. */
  readonly rate?: Rate;
  /** Handshakes of one address; `perSec: 0` is no limit. */
  readonly connects?: Rate;
  readonly maxRooms?: number;
  readonly maxFrameBytes?: number;
  readonly maxBufferBytes?: number;
  /** Origins beside the service's own. */
  readonly allowedOrigins?: readonly string[];
  readonly trustProxy?: TrustProxy;
  /** Over how long the closes of a drain are spread. */
  readonly drainMs?: number;
  /** How packets leave: all that a connection is sent in a turn in one write, or `stock`, each in its own, as Socket.IO does it. */
  readonly fanOut?: FanOutOptions["fanOut"];
  /** How requests come in: `direct`, as soon as Socket.IO has decoded them, or `stock`, as it hands them to listeners. */
  readonly intake?: (typeof INTAKES)[number];
  readonly alertRules?: readonly AlertRule[];
  readonly logger?: Logger;
  readonly clock?: Clock;
}

const DEFAULTS = {
  namespaces: {},
  auth: {},
  guests: false,
  apiKeys: [],
  web: true,
  historySize: 1000,
  historyTtlSec: 30 * 86_400,
  inboxSize: 1000,
  rate: { perSec: 50, burst: 100 },
  connects: { perSec: 100, burst: 1000 },
  maxRooms: 100,
  maxFrameBytes: 65_536,
  maxBufferBytes: 1024 * 1024,
  allowedOrigins: [],
  drainMs: 10_000,
  fanOut: "watched",
  intake: "direct",
  logger: silent,
  clock: systemClock,
} satisfies CarillonOptions;

type Filled = keyof typeof DEFAULTS | "roomAccess";

/** Options with every default in its place; a namespace that is not named is where its contract says. */
export type FilledOptions = Omit<CarillonOptions, Filled> & Required<Pick<CarillonOptions, Filled>>;

/** Fills in what was not said. */
export function withDefaults(options: CarillonOptions): FilledOptions {
  const filled = { ...DEFAULTS, ...options };
  return { ...filled, roomAccess: filled.roomAccess ?? (filled.guests ? "open" : "closed") };
}
