import type { Socket as Connection } from "engine.io";
import type { Namespace, Server, Socket } from "socket.io";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import { type EncodedPackets, encodePacket, interceptPackets, type PacketOptions, tellOutgoing } from "../socket-io.ts";
import { Handles } from "../handle.ts";
import { loadWriteEach } from "../write-each.ts";
import { Outlet, singleFrame } from "./outlet.ts";
import { type Roster, Rosters } from "./roster.ts";
import { findDifference } from "./self-test.ts";
import { Turn } from "./turn.ts";

/** How packets leave, each way with all that is before it, so that its own share can be measured. */
export const FAN_OUTS = ["stock", "frame", "direct", "turn", "room", "handle", "lone", "native", "watched"] as const;

export interface FanOutOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * `stock`: as Socket.IO does it. `frame`: a broadcast's frame in one buffer instead of two. `direct`: finished frames past engine.io to
   * where they can be written. `turn`: in one write for all that a connection is sent in a turn of the event loop. `room`: a room's members
   * are looked up when they change, and not for each broadcast, and written to in one pass. `handle`: by the handle below Node's stream.
   * `lone`: what goes to a room, and is likely to be the only such message of its turn, before the turn is over. `native`: to a whole room by
   * one call out of JavaScript, where that was compiled. `watched`: connections tell of whatever happens to them, and are not looked at for each
   * broadcast.
   */
  readonly fanOut: (typeof FAN_OUTS)[number];
  /** Tells of packets that go out past engine.io, which tells of all others. */
  sent(packets: number): void;
}

/** Sees to how packets leave. */
export interface FanOut {
  /** From now on, all that this client is sent, in any namespace, leaves by its connection's outlet. */
  adopt(client: Socket["client"]): void;
  /** From now on, what is emitted locally to one room of this namespace goes to those who are in it in one pass. */
  join(namespace: Namespace): void;
}

/** How packets of a server's clients leave: as told, but the stock way where Socket.IO or engine.io is not as expected. */
export function openFanOut(io: Server, { fanOut, clock, logger, sent }: FanOutOptions): FanOut {
  const difference = fanOut === "stock" ? undefined : findDifference(io);
  if (difference) logger.warn({ difference }, "frames are sent the stock way: this Socket.IO is not one that we know");
  if (difference || fanOut === "stock") return { adopt() {}, join() {} };
  const outlets = new WeakMap<Socket["client"], Outlet>();
  const has = (way: FanOutOptions["fanOut"]) => FAN_OUTS.indexOf(way) <= FAN_OUTS.indexOf(fanOut);
  const handles = has("handle") ? new Handles(has("native") ? loadWriteEach() : undefined) : undefined;
  const turn = new Turn({ clock, sent, handles, watches: has("watched") });
  // Not to be asked again for each packet.
  const [gathers, leavesLone] = [has("turn"), has("lone")];

  function writeBy(outlet: Outlet): Write {
    if (!has("direct")) return onlyJoin;
    return (packets, options) => {
      if (!outlet.write(packets, options)) return false;
      sent(1);
      if (!gathers) outlet.flush();
      return true;
    };
  }

  return {
    adopt(client) {
      if (outlets.has(client)) return;
      const outlet = new Outlet(client, turn);
      outlets.set(client, outlet);
      if (has("direct")) goBefore(client.conn, () => outlet.makeWay());
      interceptPackets(client, writeBy(outlet));
    },
    join({ adapter }) {
      if (!has("room")) return;
      const rosters = new Rosters(adapter, (client) => outlets.get(client));
      const stock = adapter.broadcast;
      adapter.broadcast = (packet: object, target) => {
        const roster = isPlain(target) ? rosters.of([...target.rooms][0] ?? "") : undefined;
        if (!roster || !broadcast(adapter, packet, roster, turn)) stock.call(adapter, packet, target);
        if (leavesLone) turn.endBroadcast();
      };
    },
  };
}

type Adapter = Namespace["adapter"];
type Target = Parameters<Adapter["broadcast"]>[1];

/** Whether it is for all sockets of one room that are here, and has to arrive. */
const isPlain = ({ rooms, except, flags }: Target): boolean =>
  rooms.size === 1 && !except?.size && flags?.local === true && !flags.volatile && flags.compress !== false;

/** As Socket.IO's adapter does it, but for the pass over the recipients. Binary packets are left to it. */
function broadcast(adapter: Adapter, packet: object, { sockets, outlets }: Roster, turn: Turn): boolean {
  const { packets, options } = encodePacket(adapter, packet);
  const frame = singleFrame(options);
  if (packets.length !== 1 || !frame) return false;
  for (const socket of sockets) tellOutgoing(socket, packet);
  turn.broadcast(outlets, { packets, options, frame });
  return true;
}

type Write = Parameters<typeof interceptPackets>[1];

function onlyJoin(_packets: EncodedPackets, options: PacketOptions): boolean {
  singleFrame(options);
  return false;
}

/** Calls back before engine.io sends anything itself, or closes. */
function goBefore(connection: Connection, callBack: () => void): void {
  connection.on("packetCreate", callBack);
  const close = connection.close.bind(connection);
  connection.close = (discard) => {
    callBack();
    close(discard);
  };
}
