import { randomBytes } from "node:crypto";
import type { Namespace } from "socket.io";
import type { AwaitedKey } from "./auth/keys.ts";
import type { KnownWorkers } from "./cluster/routing/index.ts";
import type { Fleet } from "./namespaces/monitor/fleet/index.ts";
import type { Publisher } from "./namespaces/notify/publish.ts";
import { memoryStores, type RetainOptions, type Stores } from "./stores.ts";

/** What a worker stands on: its own memory, or a Redis that it shares with others. */
export interface Backend {
  readonly stores: Stores;
  /** The hosts and workers that `/monitor` shows as one; this process alone where there is none. */
  readonly fleet?: Fleet;
  /** The workers of the cluster; absent where there is none. */
  readonly workers?: KnownWorkers;
  /** Resolves when it can serve for the first time. */
  readonly ready: Promise<void>;
  /** Whether what is kept can be reached now. */
  isReady(): boolean;
  /** Whether it is known who is banned and whose tokens are revoked; before that, nobody can be let in. */
  knowsOrders(): boolean;
  /** What guests' tokens are signed with where no secret is given. */
  guestKey(): AwaitedKey;
  /** Makes what is emitted in a namespace reach the other workers' sockets too. */
  join(namespace: Namespace): void;
  /** Takes notifications that come in neither by socket nor by HTTP. */
  receive(publisher: Publisher): void;
  /** Prometheus's text for the whole cluster, this worker's own metrics included. */
  metrics(): Promise<string>;
  /** What this worker's users were part of stays for a while: they are coming back elsewhere. */
  close(): Promise<void>;
}

/** For one process: always ready, and gone with it. */
export function memoryBackend(options: RetainOptions, metrics: () => Promise<string>): Backend {
  return {
    stores: memoryStores(options),
    ready: Promise.resolve(),
    isReady: () => true,
    knowsOrders: () => true,
    guestKey: () => randomBytes(32),
    join() {},
    receive() {},
    metrics,
    close: async () => {},
  };
}
