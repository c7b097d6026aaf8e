import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "../../../src/auth/token.ts";
import { systemClock } from "../../../src/clock.ts";
import type { Peer, PeerOptions, RunningPeer } from "../peer.ts";
import { wires } from "../wires/index.ts";
import { SERVICE } from "./program.ts";
import { startAlone, startWorkers } from "./workers.ts";

const SECRET = "a secret of the benchmarks, long enough for HS256";
const TOKEN_SEC = 86_400;

/** As it is run for everybody, but for limits on rates, which a load generator on one address would be refused by. */
const ENV = {
  GUESTS: "off",
  JWT_SECRET: SECRET,
  ROOM_ACCESS: "open",
  RATE_PER_SEC: "0",
  CONNECTS_PER_SEC: "0",
  // It warns of a Redis that writes nothing to disk, as it is for all peers.
  LOG_LEVEL: "error",
};

/** A token that Carillon's workers take, for a day. */
export async function tokenOf(user: string): Promise<string> {
  const { token } = await signToken(SECRET, { sub: user, name: user }, { ttlSec: TOKEN_SEC, clock: systemClock });
  return token;
}

async function start(begin: typeof startWorkers, options: PeerOptions): Promise<RunningPeer> {
  // Short: the path of a unix socket has hardly more than a hundred bytes.
  const folder = await mkdtemp(join(tmpdir(), "carillon-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const env = { ...ENV, CARILLON_RUN_DIR: folder, ...options.env };
    const running = await begin(SERVICE, { ...options, env });
    return {
      ...running,
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

export const carillon: Peer = {
  name: "Carillon in memory",
  wire: wires.carillon,
  needsRedis: false,
  lacks: "",
  start: (options) => start(startAlone, options),
};

export const carillonRedis: Peer = {
  name: "Carillon with Redis",
  wire: wires.carillon,
  needsRedis: true,
  lacks: "",
  start: (options) => start(startWorkers, options),
};
