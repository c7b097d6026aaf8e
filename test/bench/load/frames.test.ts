import { expect } from "chai";
import { seededRandom } from "../../kit/random.ts";
import { clientFrame, FrameReader, TEXT } from "./frames.ts";

/** As a server writes it, with each of the three ways to write a length. */
function serverFrame(payload: string): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | TEXT;
  if (header.length === 2) header[1] = length;
  else if (header.length === 4) header.writeUInt16BE(length, (header[1] = 126) - 124);
  else header.writeBigUInt64BE(BigInt(length), (header[1] = 127) - 125);
  return Buffer.concat([header, Buffer.from(payload)]);
}

const PAYLOADS = ["", "2", "x".repeat(125), "y".repeat(126), "z".repeat(65_535), "w".repeat(65_536), "end"];

/** Reads a stream piece by piece, each from the same buffer, as sockets do. */
function payloadsOf(pieces: readonly Buffer[]): string[] {
  const heard: string[] = [];
  const reader = new FrameReader((opcode, buffer, start, end) => {
    expect(opcode).to.equal(TEXT);
    heard.push(buffer.toString("latin1", start, end));
  });
  const shared = Buffer.alloc(300_000);
  for (const piece of pieces) {
    piece.copy(shared, 7);
    reader.read(shared, 7, 7 + piece.length);
    shared.fill(0);
  }
  return heard;
}

describe("frames", () => {
  it("are read as they were written, whatever their lengths are", () => {
    expect(payloadsOf([Buffer.concat(PAYLOADS.map(serverFrame))])).to.deep.equal(PAYLOADS);
  });

  it("are read wherever the stream is cut, inside of headers too", () => {
    const short = PAYLOADS.filter(({ length }) => length < 200);
    const stream = Buffer.concat(short.map(serverFrame));
    for (let cut = 0; cut <= stream.length; cut++)
      expect(payloadsOf([stream.subarray(0, cut), stream.subarray(cut)])).to.deep.equal(short);
    expect(payloadsOf([...stream].map((byte) => Buffer.of(byte)))).to.deep.equal(short);
  });

  it("are read from pieces of any size (50 seeds)", () => {
    const stream = Buffer.concat(PAYLOADS.map(serverFrame));
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      const pieces: Buffer[] = [];
      for (let at = 0; at < stream.length; at += pieces.at(-1)?.length ?? 0)
        pieces.push(stream.subarray(at, at + 1 + random.below(40_000)));
      expect(payloadsOf(pieces), `seed ${seed}`).to.deep.equal(PAYLOADS);
    }
  });

  it("say of a client's that they are masked, by a key that leaves them as they are", () => {
    expect([...clientFrame("hi")]).to.deep.equal([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    expect([...clientFrame("x".repeat(300)).subarray(0, 8)]).to.deep.equal([0x81, 0xfe, 1, 44, 0, 0, 0, 0]);
  });
});
