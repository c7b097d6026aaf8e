import type { Server } from "socket.io";
import type { Clock } from "./clock.ts";
import { CarillonError } from "./protocol/errors.ts";
import { within } from "./runtime/deadline.ts";
import type { Connections } from "./runtime/connection.ts";

/** A few connections are not worth a long good-bye. */
const MS_PER_CONNECTION = 20;

/** How long a connection still waits for the answers to what came over it. */
const ANSWER_MS = 2_000;

/**
 * Sends every client of Carillon's namespaces away, spread over `drainMs`, and tells each how long to wait: all at once would come
 * back all at once. What is under way is answered first, if that takes no longer than 2 s. Resolves when all were told.
 */
export async function drainConnections(
  namespaces: readonly ReturnType<Server["of"]>[],
  connections: Connections,
  { clock, drainMs }: { clock: Clock; drainMs: number },
): Promise<void> {
  const sockets = namespaces.flatMap((namespace) => [...namespace.sockets.values()]);
  const leaving = [...new Set(sockets.map(({ conn }) => conn))];
  const spreadMs = Math.min(drainMs, leaving.length * MS_PER_CONNECTION);
  await Promise.all(
    leaving.map(async (connection, index) => {
      await new Promise<void>((resolve) => clock.after((index * spreadMs) / leaving.length, resolve));
      const { underWay } = connections.of(connection);
      await within(clock, ANSWER_MS, () => Promise.all(underWay)).catch(() => {});
      const retryAfterMs = Math.round(Math.random() * spreadMs);
      connections.closeTransport(connection, new CarillonError("draining", { retryAfterMs }));
    }),
  );
}
