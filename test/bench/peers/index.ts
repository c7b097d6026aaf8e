import type { Peer } from "../peer.ts";
import { carillon, carillonRedis } from "./carillon.ts";
import { nchan } from "./nchan.ts";
import { stock, stockClassic, stockSharded, stockStored, stockStreams } from "./stock.ts";
import { uws } from "./uws.ts";
import { ws, wsRedis } from "./ws.ts";

export { tokenOf } from "./carillon.ts";

/** All that is compared, by a short key. */
export const peers = {
  carillon,
  "carillon-redis": carillonRedis,
  stock,
  "stock-classic": stockClassic,
  "stock-stored": stockStored,
  "stock-sharded": stockSharded,
  "stock-streams": stockStreams,
  ws,
  "ws-redis": wsRedis,
  uws,
  nchan,
} as const satisfies Readonly<Record<string, Peer>>;

export type PeerKey = keyof typeof peers;
