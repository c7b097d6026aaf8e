import type { Tamper } from "../kit/proxy.ts";

/** What becomes of a packet on its way: nothing, itself, or others. `connection` is the same for all packets of one. */
export type Rewrite = (packet: string, connection: object) => readonly string[];

const TEXT = 0x81;
const HEADERS_END = "\r\n\r\n";

/** Rewrites the Engine.IO packets that a server sends over websocket, each a text frame; all else passes as it is. */
export function rewriteFrames(rewrite: Rewrite): () => Tamper {
  return () => {
    let state: "headers" | "frames" | "foreign" = "headers";
    let buffer = Buffer.alloc(0);
    const connection = {};
    return (chunk) => {
      if (state === "foreign") return chunk;
      buffer = Buffer.concat([buffer, chunk]);
      const out: Buffer[] = [];
      if (state === "headers") {
        if (!buffer.subarray(0, 12).toString("latin1").startsWith("HTTP/1.1 101")) {
          state = "foreign";
          return buffer;
        }
        const end = buffer.indexOf(HEADERS_END) + HEADERS_END.length;
        if (end < HEADERS_END.length) return Buffer.alloc(0);
        out.push(buffer.subarray(0, end));
        buffer = buffer.subarray(end);
        state = "frames";
      }
      for (let frame = readFrame(buffer); frame; frame = readFrame(buffer)) {
        const { start, end } = frame;
        if (buffer[0] !== TEXT) out.push(buffer.subarray(0, end));
        else out.push(...rewrite(buffer.toString("utf8", start, end), connection).map(textFrame));
        buffer = buffer.subarray(end);
      }
      return Buffer.concat(out);
    };
  };
}

/** Where the first frame's payload begins and ends, once all of it is there. A server's frames have no mask. */
function readFrame(buffer: Buffer): { start: number; end: number } | undefined {
  if (buffer.length < 2) return undefined;
  const short = buffer.readUInt8(1) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (buffer.length < start) return undefined;
  const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
  return buffer.length < start + length ? undefined : { start, end: start + length };
}

function textFrame(payload: string): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
  header.writeUInt8(TEXT, 0);
  header.writeUInt8(header.length === 2 ? body.length : header.length === 4 ? 126 : 127, 1);
  if (header.length === 4) header.writeUInt16BE(body.length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([header, body]);
}
