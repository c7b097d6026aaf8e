import type { Way } from "../way.ts";
import { serverSentEvents } from "./events.ts";
import { longPolling, shortPolling } from "./polling.ts";
import { socketIoPolling, socketIoWebSocket } from "./socket-io.ts";
import { plainWebSocket } from "./websocket.ts";

/** All that are compared, in the order of the tables. */
export const WAYS: readonly Way[] = [
  shortPolling(1_000),
  shortPolling(100),
  longPolling,
  serverSentEvents,
  socketIoPolling,
  socketIoWebSocket,
  plainWebSocket,
];

/** @throws {RangeError} where none has this name */
export function wayOf(name: string): Way {
  const way = WAYS.find((one) => one.name === name);
  if (!way) throw new RangeError(`There is no way called ${name}.`);
  return way;
}
