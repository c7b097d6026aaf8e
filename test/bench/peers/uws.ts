import type { Peer } from "../peer.ts";
import { wires } from "../wires/index.ts";
import { programOf, whyNotLoaded } from "./program.ts";
import { UWS } from "./uws-binary.ts";
import { startAlone } from "./workers.ts";

/** The upper peer: topics of uWebSockets.js, in C++, which gathers what goes to a client in one turn by itself. */
export const uws: Peer = {
  name: "uWebSockets.js topics",
  wire: wires.plain,
  needsRedis: false,
  lacks:
    "Socket.IO's protocol (events, namespaces, polling), history, tokens, validation, presence, more than one worker",
  missing: () => whyNotLoaded(UWS),
  async start(options) {
    const running = await startAlone(programOf("uws-server"), options);
    return { ...running, processes: running.processes.map((process) => ({ ...process, sends: true })) };
  },
};
