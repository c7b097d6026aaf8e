import type { Server } from "socket.io";
import { type Clock, pause } from "./clock.ts";
import { CarillonError } from "./protocol/errors.ts";
import { within } from "./deadline.ts";
import type { Connections } from "./runtime/connection.ts";
import { whenGone } from "./runtime/engine.ts";

/** The closes are spread already; this only parts those that fall together. */
const JITTER_MS = 1_000;

/** How long the answers to what is under way are waited for. */
const ANSWER_MS = 1_500;

/** How long a client may take to hear the good-bye. Both together are less than a process is given beyond its drain. */
const FAREWELL_MS = 1_000;

/**
 * Sends every client of Carillon's namespaces away, spread over `drainMs`, and tells each how long to wait: all at once would come
 * back all at once. Each is given the answers to what it has asked, and time to hear the good-bye, up to 2.5 s together. Resolves
 * when all are gone, or had their time.
 */
export async function drainConnections(
  namespaces: readonly ReturnType<Server["of"]>[],
  connections: Connections,
  { clock, drainMs }: { clock: Clock; drainMs: number },
): Promise<void> {
  const sockets = namespaces.flatMap((namespace) => [...namespace.sockets.values()]);
  const leaving = [...new Set(sockets.map(({ conn }) => conn))];
  const atMost = (ms: number, work: Promise<unknown>) => within(clock, ms, () => work).catch(() => {});
  await Promise.all(
    leaving.map(async (connection, index) => {
      await pause(clock, (index * drainMs) / leaving.length);
      await atMost(
        ANSWER_MS,
        Promise.all(connections.of(connection).sessions.flatMap(({ underWay }) => underWay ?? [])),
      );
      const retryAfterMs = Math.round(Math.random() * Math.min(drainMs, JITTER_MS));
      connections.closeTransport(connection, new CarillonError("draining", { retryAfterMs }));
      await atMost(FAREWELL_MS, new Promise<void>((resolve) => whenGone(connection, resolve)));
    }),
  );
}
