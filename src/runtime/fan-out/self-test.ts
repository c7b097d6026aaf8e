import type { Server } from "socket.io";
import type { PacketOptions } from "../socket-io.ts";
import { frameOf } from "./frame.ts";

/** What is compared, of the private parts of Socket.IO's adapter and of engine.io's websocket transport. */
interface StockAdapter {
  _encode(packet: { type: number; nsp: string; data: unknown }, options: PacketOptions): unknown[];
}

interface StockEngine {
  createTransport(name: "websocket", request: object): { send(packets: readonly object[]): void };
}

const EVENT = 2;

/** Every form of a frame's header, the lengths at which it changes, and text whose bytes are more than its characters. */
const SAMPLES = [
  "",
  "a".repeat(80),
  "é€😀\ud800".repeat(20),
  ...[124, 125, 126, 65_535, 65_536].map((n) => "b".repeat(n)),
];

/**
 * Compares, byte for byte, the frames that we make and share with what this Socket.IO and engine.io would hand to a websocket. Says what
 * is not as expected; nothing where all is.
 */
export function findDifference({ engine, sockets }: Server): string | undefined {
  try {
    const { _encode: encode } = sockets.adapter as unknown as StockAdapter;
    const sent = wiretap(engine as unknown as StockEngine);
    for (const text of SAMPLES) {
      const options: PacketOptions = {};
      const [packet] = encode.call(sockets.adapter, { type: EVENT, nsp: "/sample", data: ["sample", text] }, options);
      // Another parser than Socket.IO's own: none of its packets is a single text, so all go the stock way.
      if (typeof packet !== "string") return undefined;
      const frame = frameOf(packet);
      const { wsPreEncodedFrame = [] } = options;
      if (!frame.equals(Buffer.concat(wsPreEncodedFrame))) return "the frame of a broadcast";
      if (sent(packet, {}) !== `4${packet}`) return "the text of a packet";
      for (const parts of [wsPreEncodedFrame, [frame]])
        if (!frame.equals(sent(packet, { wsPreEncodedFrame: parts }) as Buffer))
          return "the frame that a websocket is handed";
    }
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** A stock transport over a websocket that keeps what it is handed: a text, or the bytes of a finished frame. */
function wiretap(engine: StockEngine): (packet: string, options: PacketOptions) => string | Buffer | undefined {
  let last: string | Buffer | undefined;
  const websocket = {
    on() {},
    once() {},
    send: (text: string) => (last = text),
    _sender: { sendFrame: (parts: readonly Buffer[]) => (last = Buffer.concat(parts)) },
  };
  const transport = engine.createTransport("websocket", { websocket, _query: { EIO: "4" } });
  return (packet, options) => {
    last = undefined;
    transport.send([{ type: "message", data: packet, options }]);
    return last;
  };
}
