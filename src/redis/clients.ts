import { Cluster, Redis } from "ioredis";

/** One server (perhaps found by Sentinels) or a Cluster. Both have the same commands. */
export type Client = Redis | Cluster;

export type Mode = "single" | "sentinel" | "cluster";

/** Where a Redis is, as `REDIS_URL` says it. */
export interface Address {
  readonly mode: Mode;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Of a sentinel group. */
  readonly master?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26_379;

/** How long a connection attempt may take. Shorter than any request's deadline, so that an outage is noticed as one. */
const CONNECT_TIMEOUT_MS = 1_500;

/** The longest pause between two attempts: an outage is over for us soon after it is over. */
const MAX_RETRY_MS = 500;

/**
 * Reads `redis://user:password@host:port/db`, `redis+cluster://a,b,c` or `redis+sentinel://a,b,c/name/db`; `rediss` for TLS.
 * @throws TypeError which never repeats the password
 */
export function parseAddress(url: string): Address {
  const [, secure, kind, credentials, hosts = "", path = ""] =
    /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?/.exec(url) ?? [];
  if (hosts === "") throw new TypeError("The Redis URL is not of the form redis://host:port");
  const mode: Mode = kind === "cluster" || kind === "sentinel" ? kind : "single";
  const nodes = hosts.split(",").map((host) => parseNode(host, mode === "sentinel" ? SENTINEL_PORT : DEFAULT_PORT));
  const parts = path.split("/").filter((part) => part !== "");
  const master = mode === "sentinel" ? parts.shift() : undefined;
  if (mode === "sentinel" && master === undefined)
    throw new TypeError("redis+sentinel needs the name of the master: redis+sentinel://a,b,c/name");
  if (mode === "single" && nodes.length > 1) throw new TypeError("Several hosts need redis+cluster or redis+sentinel");
  const db = Number(parts[0] ?? 0);
  if (!Number.isInteger(db) || db < 0 || (mode === "cluster" && db > 0))
    throw new TypeError("The Redis URL ends in something that is no database");
  const [username = "", ...password] = credentials?.split(":") ?? [];
  return {
    mode,
    nodes,
    ...(master !== undefined && { master }),
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password.length > 0 && { password: decodeURIComponent(password.join(":")) }),
    db,
    tls: secure === "s",
  };
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain = "", port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  if (host === "") throw new TypeError("The Redis URL names a host that is none");
  return { host, port: port === undefined ? defaultPort : Number(port) };
}

/** How often a Cluster is asked which master has which slots. */
const SLOTS_MS = 2_000;

const retryStrategy = (times: number) =>
  Math.min(2 ** Math.min(times, 10) * 10, MAX_RETRY_MS) * (0.75 + Math.random() / 2);

/**
 * Connects, and goes on trying for ever. `name` is what `CLIENT LIST` shows. A `patient` one lets commands wait for its connection, and
 * sends those again whose answers were lost with it. The other refuses them, and forgets what was not answered: its promises never
 * settle.
 */
export function connect(address: Address, name: string, { patient = true }: { patient?: boolean } = {}): Client {
  const { mode, nodes, master, username, password, db, tls } = address;
  const shared = {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Replies keep the shapes of RESP2, which the adapter and its PUBSUB expect.
    protocol: 2 as const,
    // Deadlines are the link's: a command is given up by its caller, never by a count of reconnections.
    maxRetriesPerRequest: null,
    // `Subscriptions` does it: it has to know when it is done.
    autoResubscribe: false,
    autoResendUnfulfilledCommands: patient,
    enableOfflineQueue: patient,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
  };
  if (mode === "cluster") {
    const client = new Cluster([...nodes], {
      redisOptions: shared,
      enableOfflineQueue: patient,
      shardedSubscribers: true,
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: 0,
      retryDelayOnFailover: 100,
      retryDelayOnClusterDown: 100,
    });
    return refreshed(client);
  }
  if (mode === "sentinel") {
    // Without `failoverDetector`: a client that is closed while its detector looks for the Sentinels leaves that looking for ever (ioredis
    // 6.0.0). A master that is gone is noticed by its connection, a stalled one by the heartbeat, a demoted one by its refusals.
    return new Redis({
      ...shared,
      db,
      retryStrategy,
      sentinels: [...nodes],
      name: master ?? "",
      sentinelRetryStrategy: retryStrategy,
      ...(password !== undefined && { sentinelPassword: password }),
      // A master that was voted out refuses to write: the next connection goes to its successor. Writes are idempotent.
      reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
    });
  }
  return new Redis({ ...shared, ...nodes[0], db, retryStrategy });
}

/**
 * Makes a Cluster look regularly which master has which slots. Its own `slotsRefreshInterval` goes on for ever where a look is under way
 * while the client is closed (ioredis 6.0.0).
 */
function refreshed(client: Cluster): Cluster {
  const looking = setInterval(() => client.status === "ready" && client.refreshSlotsCache(), SLOTS_MS).unref();
  return client.once("end", () => clearInterval(looking));
}

/** Whether it is a Cluster: by what it can do, since an embedder's ioredis may be another copy. */
export const isCluster = (client: Client): client is Cluster => "nodes" in client;
