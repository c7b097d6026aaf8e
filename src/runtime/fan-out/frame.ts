/** FIN and the opcode of a text, and the marks of longer lengths: RFC 6455, section 5.2. */
const FINAL_TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/** Engine.IO's type of a packet that is a message, `4`. */
const MESSAGE = 0x34;

const headerBytes = (length: number) => (length < TWO_BYTES ? 2 : length < 65_536 ? 4 : 10);

/** How many bytes the frame of a Socket.IO packet has. */
export function frameBytes(packet: string): number {
  const length = Buffer.byteLength(packet) + 1;
  return headerBytes(length) + length;
}

/** Puts the websocket frame of one Socket.IO packet, as a server sends it (unmasked, uncompressed), into a buffer. */
export function putFrame(packet: string, into: Buffer, at: number): void {
  const length = Buffer.byteLength(packet) + 1;
  const start = at + headerBytes(length);
  into[at] = FINAL_TEXT;
  if (start === at + 2) into[at + 1] = length;
  else if (start === at + 4) {
    into[at + 1] = TWO_BYTES;
    into.writeUInt16BE(length, at + 2);
  } else {
    into[at + 1] = EIGHT_BYTES;
    into.writeUInt32BE(0, at + 2);
    into.writeUInt32BE(length, at + 6);
  }
  into[start] = MESSAGE;
  into.write(packet, start + 1);
}

/** The same in a buffer of its own. */
export function frameOf(packet: string): Buffer {
  const frame = Buffer.allocUnsafe(frameBytes(packet));
  putFrame(packet, frame, 0);
  return frame;
}
