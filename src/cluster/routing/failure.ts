import { type Clock, pause } from "../../clock.ts";

/** Another host that does not answer at all is given up after so long. */
export const CONNECT_MS = 2_000;

/** A worker that is too busy to accept is tried again for so long, at growing distances. */
const BUSY_MS = 3_000;
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 200;

/**
 * Why something could not be handed on. `absent`: nobody listens there. `busy`: somebody does, and its queue is full. `broken`: the
 * connection ended before the answer. `unreachable`: the rest.
 */
export type Failure = "absent" | "busy" | "broken" | "unreachable";

/** What an error means that came before the connection stood. */
export function connectFailure({ code }: NodeJS.ErrnoException): Failure {
  if (code === "ECONNREFUSED" || code === "ENOENT") return "absent";
  // What a Unix socket says whose queue of connections is full.
  return code === "EAGAIN" ? "busy" : "unreachable";
}

/** Tries again for as long as the other side is merely busy. */
export async function insisting(
  clock: Clock,
  attempt: () => Promise<Failure | undefined>,
): Promise<Failure | undefined> {
  const untilMs = clock.now() + BUSY_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const failure = await attempt();
    if (failure !== "busy" || clock.now() > untilMs) return failure;
    await pause(clock, pauseMs);
  }
}
