import { expect } from "chai";
import { namespaces } from "../../src/namespaces/index.ts";
import { RawPoller } from "../kit/raw.ts";
import { codeOf, exchange, Target } from "./target.ts";

const MAX_FRAME_BYTES = 65_536;

const packetOf = (bytes: number) => {
  const frame = '42/chat,1["room:members",{"room":"lobby","padding":""}]';
  return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
};

describe("a packet", () => {
  it("without an ack callback is handled or refused all the same, whatever it asks for", async () => {
    await using target = await Target.start();
    for (const { contract } of namespaces) {
      await using raw = await target.enter(contract.name);
      const names = Object.keys(contract.requests);
      for (const name of names) raw.send(`42${contract.name},["${name}",{}]`, `42${contract.name},["${name}"]`);
      raw.send(`42${contract.name},1["no:such"]`);
      expect(await raw.ack(contract.name, 1)).to.deep.include({ ok: false });
      expect(raw.isOpen).to.equal(true);
    }
    const { body } = await target.server.call("GET", "/metrics");
    expect(body).to.match(/requests_total\{request="message:send",code="bad_request"\} 2$/m);
    expect(body).to.match(/requests_total\{request="metrics:unwatch",code="ok"\} 1$/m);
  });

  it("that names no request is answered with unknown_request", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    const names = ["", "a", "error", "room:joined", "__proto__", "constructor", "hasOwnProperty", "x".repeat(60_000)];
    for (const name of names) {
      const said = await exchange(raw, `42/chat,1${JSON.stringify([name, {}])}`);
      expect(said.map(codeOf), name.slice(0, 20)).to.deep.equal(["unknown_request"]);
    }
    for (const packet of ["42/chat,1", '42/chat,1[1,"a"]', "42/chat,1[1]", '42/chat,1["x"]', "42/chat,1[1,null]"]) {
      expect((await exchange(raw, packet)).map(codeOf), packet).to.deep.equal(["unknown_request"]);
    }
  });

  it("with a missing or an extra argument is answered with bad_request", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    for (const args of ["", ",{},{}", ',{"room":"lobby"},1', ",{},null"]) {
      const said = await exchange(raw, `42/chat,1["room:members"${args}]`);
      expect(said.map(codeOf), args).to.deep.equal(["bad_request"]);
    }
  });

  it("without an ack id and without anything to it is taken in silence", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    const packets = [
      "42/chat,",
      "42/chat,[1]",
      '42/chat,["error","x"]',
      '42/chat,["__proto__"]',
      '42/chat,["valueOf",{}]',
    ];
    for (const packet of packets) expect(await exchange(raw, packet), packet).to.deep.equal([]);
  });

  it("that acknowledges what nobody asked about is ignored", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    const acks = ['43/chat,1["x"]', "43/chat,999999999999[]", "43/chat,[]", '43/chat,0[{"__proto__":1}]'];
    expect(await exchange(raw, ...acks, ...acks)).to.deep.equal([]);
  });

  it("with binary attachments is refused like any other wrong input", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    const hole = '{"_placeholder":true,"num":0}';
    const bodies = [hole, `{"room":${hole}}`, `{"room":"lobby","id":"message-1","text":${hole}}`];
    const data = `{"room":"lobby","id":"message-1","text":"x","data":{"deep":${hole}}}`;
    for (const body of [...bodies, data]) {
      const said = await exchange(raw, `451-/chat,1["message:send",${body}]`, Buffer.from([1, 2, 3]));
      expect(said.map(codeOf), body).to.deep.equal(["bad_request"]);
    }
  });

  const cut: [what: string, packets: (string | Buffer)[]][] = [
    ["an event of no namespace", ['42["room:mine",{}]', "42", "421", '421[1,"a"]', "42[]"]],
    ["an event of a namespace that was not entered", ['42/notify,1["topic:list",{}]', '42/nowhere,["a"]']],
    [
      "a name that Socket.IO keeps for itself",
      ['42/chat,["connect"]', '42/chat,["disconnect",{}]', '42/chat,["newListener"]'],
    ],
    [
      "an event without a name",
      ["42/chat,[]", "42/chat,[null]", "42/chat,[{}]", "42/chat,[[]]", "42/chat,{}", "42/chat,7{}"],
    ],
    ["no Socket.IO", ["4", "49", "4x", "4/chat,", "42/chat,[", '42/chat,["room:mine",{]', "43/chat,1{}"]],
    ["no Engine.IO", ["x", "9", "2probe", " "]],
    ["more attachments than are taken", ['4511-/chat,["a"]', '451e9-/chat,["a"]', '45-1-/chat,["a"]', '45/chat,["a"]']],
    ["text where an attachment is due", ['451-/chat,["a",{"_placeholder":true,"num":0}]']],
    ["an attachment that nobody announced", [Buffer.from("x")]],
    ["an attachment out of place", ['451-/chat,["a",{"_placeholder":true,"num":7}]']],
    ["a second CONNECT", ["40/chat,"]],
    ["a CONNECT with no object", ["40/notify,[]", '40/notify,"x"', "40/notify,null"]],
    ["an error of the server's", ['44/chat,{"message":"x"}']],
  ];
  for (const [what, packets] of cut) {
    it(`that is ${what} costs the connection, and nothing else`, async () => {
      await using target = await Target.start();
      for (const packet of packets) {
        await using raw = await target.enter();
        raw.send(packet, ...(what.includes("out of place") ? [Buffer.from("x")] : []));
        if (what.startsWith("text where")) raw.send('42/chat,1["room:mine",{}]');
        await raw.closed();
      }
    });
  }

  it("is taken at MAX_FRAME_BYTES, and costs the connection above it", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    raw.send(packetOf(MAX_FRAME_BYTES));
    expect(await raw.ack("/chat", 1)).to.deep.include({ ok: true });
    raw.send(packetOf(MAX_FRAME_BYTES + 1));
    expect(await raw.closed()).to.equal(1009);

    const poller = await RawPoller.open(target.server.url);
    await poller.enter("/chat", await target.server.token("mallory"));
    expect(await poller.send(packetOf(MAX_FRAME_BYTES))).to.equal(200);
    expect((await poller.poll()).at(-1)).to.match(/^43\/chat,1\[\{"ok":true/);
    expect(await poller.send(packetOf(MAX_FRAME_BYTES + 1))).to.equal(413);
  });
});
