/** FIN and the opcode of a text, and the lengths from which the header needs more bytes: RFC 6455, section 5.2. */
const FINAL_TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/**
 * The websocket frame of one Socket.IO packet, as a server sends it: Engine.IO's type `4` ("message") and the packet's text, unmasked and
 * uncompressed, in one buffer, so that it takes one plain write.
 */
export function frameOf(packet: string): Buffer {
  const length = Buffer.byteLength(packet) + 1;
  const start = length < TWO_BYTES ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FINAL_TEXT;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = TWO_BYTES;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = EIGHT_BYTES;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.write("4", start, "latin1");
  frame.write(packet, start + 1);
  return frame;
}
