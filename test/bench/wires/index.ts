import type { Wire } from "../wire.ts";
import { nchan } from "./nchan.ts";
import { plain } from "./plain.ts";
import { carillon, carillonAsking, socketIo, socketIoAsking } from "./socket-io.ts";

/**
 * All wires, by name. Beside what their interface says, they agree on two things: where `hello` writes nothing, a client is let in as
 * soon as its websocket is open; and every delivery is an entry of Carillon's form, so that `"room":"<room>"` comes before its text:
 * `{ room, epoch (12 characters), seq, kind: "sent", id, from: { id, name }, at, text }`, in this order. Stock servers answer requests
 * with `{ ok: true, data }` as Carillon does.
 */
export const wires: Readonly<Record<Wire["name"], Wire>> = {
  carillon,
  "carillon-asking": carillonAsking,
  "socket.io": socketIo,
  "socket.io-asking": socketIoAsking,
  plain,
  nchan,
};
