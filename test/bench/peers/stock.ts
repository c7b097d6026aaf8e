import type { Peer } from "../peer.ts";
import { wires } from "../wires/index.ts";
import { programOf, whyNotLoaded } from "./program.ts";
import { startAlone, startWorkers } from "./workers.ts";

const PROGRAM = programOf("stock-server");
const STREAMS = "@socket.io/redis-streams-adapter";

/** What all of them do without. */
const NEVER = "tokens, validation, duplicates told, presence, an end for slow clients";

/** What those do without that keep no messages. */
const UNSTORED = `history, one order for all, ${NEVER}`;

/** A stock application on one of the adapters; each takes `ECHO=1` to answer `message:send` and `typing:set` and do nothing else. */
const withRedis = (name: string, lacks: string, env: Readonly<Record<string, string>>): Peer => ({
  name: `stock Socket.IO, ${name}`,
  wire: wires["socket.io"],
  needsRedis: true,
  lacks,
  start: (options) => startWorkers(PROGRAM, { ...options, env: { ...env, ...options.env } }),
});

export const stock: Peer = {
  name: "stock Socket.IO in memory",
  wire: wires["socket.io"],
  needsRedis: false,
  lacks: UNSTORED,
  start: (options) => startAlone(PROGRAM, options),
};

export const stockClassic = withRedis("redis-adapter", UNSTORED, { ADAPTER: "classic" });

/** What people write who want both: the message is stored, and then emitted. */
export const stockStored = withRedis("redis-adapter and XADD", `recovery, one order for all, ${NEVER}`, {
  ADAPTER: "classic",
  STORE: "1",
});

export const stockSharded = withRedis("sharded adapter", UNSTORED, { ADAPTER: "sharded" });

/** With connection state recovery: its stream is the history. */
export const stockStreams: Peer = {
  ...withRedis("redis-streams-adapter", `history of a room, recovery after two minutes, ${NEVER}`, {
    ADAPTER: "streams",
  }),
  missing: () => whyNotLoaded(STREAMS),
};
