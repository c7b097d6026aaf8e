import type { Peer } from "../peer.ts";
import { wires } from "../wires/index.ts";
import { programOf } from "./program.ts";
import { startAlone, startWorkers } from "./workers.ts";

const PROGRAM = programOf("ws-server");

const LACKS =
  "Socket.IO's protocol (heartbeats, polling, events, namespaces), history, tokens, validation, presence, an end for slow clients";

export const ws: Peer = {
  name: "plain ws in memory",
  wire: wires.plain,
  needsRedis: false,
  lacks: LACKS,
  start: (options) => startAlone(PROGRAM, options),
};

export const wsRedis: Peer = {
  name: "plain ws, PUBLISH and SUBSCRIBE by room",
  wire: wires.plain,
  needsRedis: true,
  lacks: LACKS,
  start: (options) => startWorkers(PROGRAM, options),
};
