import type { ManagerOptions } from "socket.io-client";

/** Every way in which a stock client may come, by the name that tests give it. */
export const TRANSPORTS: readonly (readonly [name: string, options: Partial<ManagerOptions>])[] = [
  ["websocket only", { transports: ["websocket"] }],
  ["polling only", { transports: ["polling"] }],
  ["its default transports", { transports: ["polling", "websocket"] }],
];
