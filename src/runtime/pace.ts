import type { Socket as Connection } from "engine.io";
import { backlog } from "./engine.ts";

/**
 * Resolves when no more than `most` bytes wait to be taken by a connection, or it is closed: how fast a client reads sets the pace.
 * Not when nothing waits: among other traffic, that moment may never come.
 */
export function drained(connection: Connection, most: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (connection.readyState === "open" && backlog(connection) > most) return listen();
      resolve();
    };
    // An upgrade puts another transport in the place of the one that we listen to, so each look listens anew.
    const listen = () => {
      const { transport } = connection;
      const heard = () => {
        transport.off("ready", heard);
        connection.off("upgrade", heard);
        connection.off("close", heard);
        look();
      };
      transport.on("ready", heard);
      connection.on("upgrade", heard);
      connection.on("close", heard);
    };
    look();
  });
}

/** How much may wait for a client when a batch is written: what it is sent ahead is that and the batch. */
const AHEAD_BYTES = 64 * 1024;

/** The last of the batches that wait for a connection. */
const batches = new WeakMap<Connection, Promise<void>>();

/**
 * Writes a batch once the connection has taken most of what came before it. The batches of one connection wait for each other, whatever
 * they are of, so that a client which catches up with many topics has no more than one batch ahead of it. Rejects with what `write` throws.
 */
export function paced(connection: Connection, write: () => Promise<void>): Promise<void> {
  const before = batches.get(connection) ?? Promise.resolve();
  const written = before.then(() => drained(connection, AHEAD_BYTES)).then(write);
  batches.set(
    connection,
    written.catch(() => {}),
  );
  return written;
}
