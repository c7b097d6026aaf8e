import type { Socket as Connection } from "engine.io";
import { isDrained } from "./engine.ts";

/** Resolves when a connection has taken all that was written to it, or is closed: how fast a client reads sets the pace. */
export function drained(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (connection.readyState === "open" && !isDrained(connection)) return listen();
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

/** The last of the batches that wait for a connection. */
const batches = new WeakMap<Connection, Promise<void>>();

/**
 * Writes a batch once the connection has taken all before it: the batches of one connection wait for each other, whatever they are of,
 * so that a client which catches up with many topics never has more than one batch ahead of it. Rejects with what `write` throws.
 */
export function paced(connection: Connection, write: () => Promise<void>): Promise<void> {
  const before = batches.get(connection) ?? Promise.resolve();
  const written = before.then(() => drained(connection)).then(write);
  batches.set(
    connection,
    written.catch(() => {}),
  );
  return written;
}
