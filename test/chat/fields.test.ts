import { expect } from "chai";
import type { Client, Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { freshId, say } from "./scene.ts";

const room = "lobby";

/** Sends a message and gives it back as another reader finds it. */
async function sentAndRead(client: Client, input: object): Promise<Wire> {
  await client.request("message:send", { id: freshId(), room, text: "x", ...input });
  return (await client.request("history:read", { room, limit: 1 })).entries[0];
}

const refusal = (client: Client, input: object) =>
  client.refusal("message:send", { id: freshId(), room, text: "x", ...input });

describe("the text of a message", () => {
  it("is 1 to 4000 UTF-16 units", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const smileys = "😀".repeat(2000);
    expect((await sentAndRead(ann, { text: smileys })).text).to.equal(smileys);
    expect(await refusal(ann, { text: `${smileys}a` })).to.equal("bad_request");
    expect(await refusal(ann, { text: "" })).to.equal("bad_request");
    await say(ann, room, "one");
    const edit = { id: freshId(), room, target: 2, text: "a".repeat(4001) };
    expect(await ann.refusal("message:edit", edit)).to.equal("bad_request");
  });

  it("is not only white space, and keeps what there is of it", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const text of [" ", "\n\t\r\n", "\u00a0\u2003\u3000\ufeff", "\u2028\u2029"]) {
      expect(await refusal(ann, { text }), JSON.stringify(text)).to.equal("bad_request");
    }
    expect((await sentAndRead(ann, { text: "  a \n" })).text).to.equal("  a \n");
  });

  it("is a string", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const text of [1, null, true, {}, ["a"], Buffer.from("a")]) {
      expect(await refusal(ann, { text })).to.equal("bad_request");
    }
  });

  it("has U+FFFD where a surrogate stood alone", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    expect((await sentAndRead(ann, { text: "a\ud800b\udc00" })).text).to.equal("a\ufffdb\ufffd");
    expect((await sentAndRead(ann, { text: "\udc00\ud800" })).text).to.equal("\ufffd\ufffd");
    const { seq } = (await ann.request("history:read", { room, limit: 1 })).entries[0];
    await ann.request("message:edit", { id: freshId(), room, target: seq, text: "\ud83d!" });
    expect((await ann.request("history:read", { room, limit: 1 })).entries[0].text).to.equal("\ufffd!");
  });

  it("may be any other Unicode", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const texts = [
      "\u0000",
      "a\u0000b",
      "👩‍👩‍👧‍👦",
      "e\u0301",
      "שלום\u202e",
      "\u2028a",
      "\uffff\ufdd0",
      "<b>&amp;</b>",
      '"\\',
    ];
    for (const text of texts) expect((await sentAndRead(ann, { text })).text).to.equal(text);
  });
});

const nested = (depth: number): object => (depth === 1 ? { end: 1 } : { in: nested(depth - 1) });
/** An object of so many bytes of JSON. */
const sized = (bytes: number) => ({ a: "x".repeat(bytes - '{"a":""}'.length) });

describe("the data of a message", () => {
  it("is an object: arrays, null, numbers, strings and binary are refused", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const data of [[], [1], null, 1, "a", true, Buffer.from("a"), { in: Buffer.from("a") }]) {
      expect(await refusal(ann, { data }), JSON.stringify(data)).to.equal("bad_request");
    }
    expect((await sentAndRead(ann, { data: {} })).data).to.deep.equal({});
  });

  it("is at most 8 KiB of JSON, in bytes", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    expect((await sentAndRead(ann, { data: sized(8192) })).data).to.deep.equal(sized(8192));
    expect(await refusal(ann, { data: sized(8193) })).to.equal("bad_request");
    expect(await refusal(ann, { data: { a: "ä".repeat(4093) } })).to.equal("bad_request");
  });

  it("is at most of depth 8, objects and arrays alike", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    expect((await sentAndRead(ann, { data: nested(8) })).data).to.deep.equal(nested(8));
    expect(await refusal(ann, { data: nested(9) })).to.equal("bad_request");
    expect(await refusal(ann, { data: { a: [[[[[[[[1]]]]]]]] } })).to.equal("bad_request");
    expect((await sentAndRead(ann, { data: { a: [[[[[[[1]]]]]]] } })).data).to.deep.equal({ a: [[[[[[[1]]]]]]] });
  });

  it("keeps `__proto__` and `constructor` as the ordinary keys that they are", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room });
    const json = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}';
    const { data } = await sentAndRead(ann, { data: JSON.parse(json) as object });
    expect(JSON.stringify(data)).to.equal(json);
    expect(JSON.stringify((await ann.event("message:sent")).data)).to.equal(json);
    expect({}).to.not.have.property("polluted");
  });
});

describe("ids", () => {
  const odd = ["__proto__", "constructor", "hasOwnProperty", "__defineGetter__"];

  it("of messages may be `__proto__` and the like, and are none the less once only", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const [index, id] of odd.entries()) {
      const input = { id, room, text: "hello" };
      expect(await ann.request("message:send", input)).to.include({ seq: index + 1, duplicate: false });
      expect(await ann.request("message:send", input)).to.include({ seq: index + 1, duplicate: true });
    }
  });

  it("of rooms and users may be so too", async () => {
    await using server = await startServer();
    for (const id of odd) {
      await using client = await server.connect("/chat", id);
      expect(await client.request("room:join", { room: id })).to.deep.include({
        head: 0,
        members: [{ id, name: id }],
        unread: 0,
      });
      expect(await say(client, id, "hello")).to.include({ seq: 1 });
      await client.event("message:sent", (entry) => entry.room === id && entry.from.id === id);
      expect((await client.request("room:mine")).rooms).to.have.length(1);
    }
  });

  it("of messages are 8 to 64 letters, digits, `_` and `-`", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const id of ["a".repeat(7), "a".repeat(65), "with space", "with.dots", "umläutchen", "", 12345678]) {
      expect(await refusal(ann, { id }), `${id}`).to.equal("bad_request");
    }
    for (const id of ["a".repeat(8), "A-Z_0-9-".repeat(8)]) await ann.request("message:send", { id, room, text: "x" });
  });

  it("of rooms are 1 to 64 letters, digits, `_`, `.` and `-`, not dots only", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const id of ["", ".", "..", "a".repeat(65), "a b", "a/b", "ä", "a#", 1, null]) {
      expect(await ann.refusal("room:join", { room: id }), `${id}`).to.equal("bad_request");
    }
    for (const id of ["a", "a".repeat(64), "a.b-c_D9", ".a"]) await ann.request("room:join", { room: id });
  });

  it("of users may be any printable ASCII", async () => {
    await using server = await startServer();
    const id = "auth0|ann+1@example.org";
    await using ann = await server.connect("/chat", id);
    await using bob = await server.connect("/chat", "bob");
    await ann.request("room:join", { room });
    await say(bob, room, "hello");
    expect((await ann.request("room:members", { room })).members).to.deep.equal([{ id, name: id }]);
    expect(await bob.request("room:direct", { user: id })).to.have.property("room");
  });
});
