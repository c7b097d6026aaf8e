import { createAuthenticator, signToken } from "../../../src/auth/token.ts";
import { systemClock } from "../../../src/clock.ts";
import type { LoadClient } from "../load.ts";
import * as figure from "./figures.ts";
import { spent } from "./spent.ts";
import { letIn } from "./traffic.ts";
import { asTheyAre, carillonWith, type Stage, type Workload } from "./workload.ts";

interface Size {
  readonly clients: number;
  readonly atOnce: number;
}

/** Enough for the compiler to know the code by then. */
const WARMING = 500;

const CHECKS = 1000;
const SECRET = "a secret of one benchmark, long enough for HS256";

/** Letting clients in: the handshake of Engine.IO, the namespace, and with Carillon the token and the session. */
export const connects = ({ clients, atOnce }: Size): Workload => ({
  name: "connects",
  about: `${clients} clients, ${atOnce} at once, over websocket, into no room, after ${WARMING} others; Carillon checks a token of each (what that takes alone is beside it), stock nothing.`,
  workers: 1,
  contenders: [...asTheyAre("carillon", "stock", "ws", "uws"), carillonWith("WARM_UP_MS", "0")],
  shows: [figure.CPU_PER_CONNECT, figure.CPU_PER_CHECK, figure.CONNECTS_PER_SEC, figure.READY_P99],
  async run(stage) {
    const check = stage.ordered ? { [figure.CPU_PER_CHECK]: await checkAlone() } : {};
    const out = await letIn(stage, await newcomers(stage, "early", WARMING));
    if (out !== undefined) return { figures: {}, void: out };
    await stage.load.cut();
    const late = await newcomers(stage, "late", clients);

    const { result, cpuSeconds, disturbance } = await spent(stage, () => stage.load.connect(late, atOnce));
    const { ready, failed, seconds, timeToReady } = result;
    return {
      figures: {
        ...check,
        [figure.CPU_PER_CONNECT]: (cpuSeconds * 1000) / ready,
        [figure.CONNECTS_PER_SEC]: ready / seconds,
        [figure.READY_P99]: timeToReady.at(0.99) / 1000,
      },
      void: failed > 0 ? `${failed} of ${clients} clients were not let in` : disturbance,
    };
  },
});

function newcomers(stage: Stage, kind: string, count: number): Promise<LoadClient[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => stage.client(`${kind}-${index}`, [])));
}

/** What Carillon's workers do with each token, done in this process. @returns milliseconds of CPU for one, all threads together */
async function checkAlone(): Promise<number> {
  const { authenticate } = createAuthenticator({ secret: SECRET, clock: systemClock });
  const signed = Array.from({ length: WARMING + CHECKS }, (_, index) =>
    signToken(SECRET, { sub: `user-${index}` }, { ttlSec: 3600, clock: systemClock }),
  );
  const tokens = (await Promise.all(signed)).map(({ token }) => token);
  for (const token of tokens.slice(0, WARMING)) await authenticate(token);
  const before = process.cpuUsage();
  for (const token of tokens.slice(WARMING)) await authenticate(token);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / CHECKS;
}
