import type { Manager } from "socket.io-client";
import type { Failure } from "../src/protocol/errors.ts";

/** A server's wish to be left alone for 0 ms must not become a storm. */
const SOONEST_MS = 50;

/** What the stock client keeps to itself: where it is not there, one waits for the ping as with any stock client. */
interface Upgrade {
  /** A websocket has answered, and is about to take the place of polling; it stays true where that fails. */
  readonly upgrading: boolean;
  readonly transport: { readyState: string };
  _onClose?(reason: string): void;
}

/**
 * Comes back when the server wants it, and looks after one trap of the stock client.
 * @returns what hears why the server is about to close the connection
 */
export function followServer(manager: Manager): (closing: Failure) => void {
  const delayMs = manager.reconnectionDelay();
  const mostMs = manager.reconnectionDelayMax() ?? delayMs;
  const spread = manager.randomizationFactor() ?? 0;
  const waitFor = (ms: number, most: number, factor: number) =>
    void manager.reconnectionDelay(ms).reconnectionDelayMax(most).randomizationFactor(factor);
  // What the server wishes is for the next attempt alone.
  manager.on("reconnect_attempt", () => waitFor(delayMs, mostMs, spread));
  manager.on("open", () => mendUpgrade(manager.engine));
  return ({ retryAfterMs }) => {
    if (retryAfterMs === undefined) return;
    // Not before, and not all in the same moment.
    const ms = Math.max(retryAfterMs, SOONEST_MS) * (1 + Math.random() * spread);
    waitFor(ms, ms, 0);
  };
}

/**
 * A websocket that ends in the middle of an upgrade leaves the stock client with a polling that is paused for good: nothing is sent or heard
 * until a ping is missed, up to 45 s later. Here the connection ends at once, and is tried again as after any cut.
 */
function mendUpgrade(engine: Manager["engine"]): void {
  engine.on("upgradeError", () => {
    const upgrade = engine as unknown as Upgrade;
    if (!upgrade.upgrading || engine.readyState === "closed") return;
    // A transport that is paused would end without a word, and the server keep this client for as long.
    upgrade.transport.readyState = "open";
    upgrade["_onClose"]?.("transport error");
  });
}
