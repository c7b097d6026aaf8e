import type { Socket as Connection } from "engine.io";
import type { Server, Socket } from "socket.io";
import type { Logger } from "../../logger.ts";
import { type EncodedPackets, interceptPackets, type PacketOptions } from "../engine.ts";
import { Outlet, singleFrame } from "./outlet.ts";
import { findDifference } from "./self-test.ts";
import { Turn } from "./turn.ts";

/** How packets leave, each way with all that is before it, so that its own share can be measured. */
export const FAN_OUTS = ["stock", "frame", "direct", "turn"] as const;

export interface FanOutOptions {
  readonly logger: Logger;
  /**
   * `stock`: as Socket.IO does it. `frame`: a broadcast's frame in one buffer instead of two. `direct`: finished frames past engine.io to
   * where they can be written. `turn`: in one write for all that a connection is sent in a turn of the event loop.
   */
  readonly fanOut: (typeof FAN_OUTS)[number];
  /** Tells of packets that go out past engine.io, which tells of all others. */
  sent(): void;
}

/** Sees to how packets leave. */
export interface FanOut {
  /** From now on, all that this client is sent, in any namespace, leaves by its connection's outlet. */
  adopt(client: Socket["client"]): void;
}

/** How packets of a server's clients leave: as told, but the stock way where Socket.IO or engine.io is not as expected. */
export function openFanOut(io: Server, { fanOut, logger, sent }: FanOutOptions): FanOut {
  const difference = fanOut === "stock" ? undefined : findDifference(io);
  if (difference) logger.warn({ difference }, "frames are sent the stock way: this Socket.IO is not one that we know");
  if (difference || fanOut === "stock") return { adopt() {} };
  const adopted = new WeakSet<Socket["client"]>();
  const turn = new Turn();

  function writeOf(connection: Connection): Write {
    if (fanOut === "frame") return onlyJoin;
    const outlet = new Outlet(connection, turn);
    flushFirst(connection, () => outlet.flush());
    return (packets, options) => {
      if (!outlet.write(packets, options)) return false;
      sent();
      if (fanOut === "direct") outlet.flush();
      return true;
    };
  }

  return {
    adopt(client) {
      if (adopted.has(client)) return;
      adopted.add(client);
      interceptPackets(client, writeOf(client.conn));
    },
  };
}

type Write = Parameters<typeof interceptPackets>[1];

function onlyJoin(_packets: EncodedPackets, options: PacketOptions): boolean {
  singleFrame(options);
  return false;
}

/** Whatever engine.io itself has to send, and its end, come after what is pending. */
function flushFirst(connection: Connection, flush: () => void): void {
  connection.on("packetCreate", flush);
  const close = connection.close.bind(connection);
  connection.close = (discard) => {
    flush();
    close(discard);
  };
}
