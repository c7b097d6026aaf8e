import { expect } from "chai";
import { namespaces } from "../../src/namespaces/index.ts";
import type { RawClient } from "../kit/raw.ts";
import { eventually } from "../kit/wait.ts";
import { Target } from "./target.ts";

const room = "arena";
const user = "bob";
const id = "message-1";
const since = { epoch: "e", seq: 1 };

/** A good input for every request, so that each of its fields can be made bad in turn. */
const SAMPLES: Readonly<Record<string, object>> = {
  "token:refresh": { token: "x" },
  "room:join": { room, since, limit: 5 },
  "rooms:join": { rooms: [{ room, since }], limit: 5 },
  "room:leave": { room },
  "room:quit": { room },
  "room:direct": { user },
  "room:mine": { after: room, limit: 5 },
  "room:list": { after: room, limit: 5 },
  "room:members": { room },
  "message:send": { id, room, text: "x", type: "t", data: { a: 1 }, replyTo: 1, epoch: "e", createdAt: 1 },
  "message:edit": { id, room, target: 1, epoch: "e", text: "x" },
  "message:delete": { id, room, target: 1, epoch: "e" },
  "history:read": { room, before: 2, epoch: "e", limit: 5 },
  "typing:set": { room, typing: false },
  "marker:move": { room, seq: 1, epoch: "e" },
  "member:add": { room, user },
  "member:kick": { room, user, forSec: 1, reason: "x" },
  "member:ban": { room, user, forSec: 1, reason: "x" },
  "member:mute": { room, user, forSec: 1, reason: "x" },
  "member:unban": { room, user },
  "member:unmute": { room, user },
  "inbox:open": { since, limit: 5 },
  "inbox:read": { before: 2, epoch: "e", limit: 5, filter: "all" },
  "notification:read": { ids: [id], upTo: 1, epoch: "e" },
  "notification:archive": { ids: [id] },
  "topic:subscribe": { topic: "t" },
  "topic:unsubscribe": { topic: "t" },
  "topic:list": {},
  "metrics:watch": { hosts: ["h"] },
  "metrics:unwatch": {},
  "alert:list": {},
};

const DEPTH = 20_000;

/** What a client may put in the place of a value, as it stands in the packet: JSON has more than `JSON.stringify` writes. */
const BAD_VALUES = [
  "null",
  "true",
  "-1",
  "0.5",
  "1e400",
  "9007199254740993",
  "-0",
  '""',
  '"   "',
  '"\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '"constructor"',
  `"${"x".repeat(20_000)}"`,
  "[]",
  "[null]",
  "{}",
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}',
  '{"_placeholder":true,"num":0}',
  "[".repeat(DEPTH) + "]".repeat(DEPTH),
  `${'{"a":'.repeat(DEPTH / 10)}1${"}".repeat(DEPTH / 10)}`,
];

/** A good input with one field replaced, and the whole replaced: JSON texts. */
function badInputs(sample: object): string[] {
  const others = (field: string) => Object.entries(sample).filter(([name]) => name !== field);
  const fields = Object.keys(sample).flatMap((field) =>
    BAD_VALUES.map((value) => {
      const rest = others(field).map(([name, good]) => `,"${name}":${JSON.stringify(good)}`);
      return `{"${field}":${value}${rest.join("")}}`;
    }),
  );
  return [...BAD_VALUES, ...fields];
}

/** All acks, in the order of the inputs. */
async function askAll(raw: RawClient, namespace: string, name: string, inputs: readonly string[]) {
  raw.heard.length = 0;
  inputs.forEach((input, index) => raw.send(`42${namespace},${index}["${name}",${input}]`));
  const acks = new Map<number, { ok: boolean; error?: { code: string } }>();
  await eventually(() => {
    for (const packet of raw.heard.splice(0)) {
      const [, at, ack] = /^43[^,]*,(\d+)\[(.*)\]$/s.exec(packet) ?? [];
      if (at !== undefined && ack !== undefined) acks.set(Number(at), JSON.parse(ack));
    }
    return acks.size === inputs.length;
  });
  return inputs.map((input, index) => ({ input, ack: acks.get(index) }));
}

describe("an input", () => {
  for (const { contract } of namespaces) {
    for (const [name, spec] of Object.entries(contract.requests)) {
      it(`of ${contract.name} ${name} that is not as the contract has it is bad_request, never more and never silence`, async () => {
        const sample = SAMPLES[name];
        if (!sample) throw new Error(`No sample of an input of ${name}`);
        await using target = await Target.start({ maxFrameBytes: 128 * 1024 });
        await using raw = await target.enter(contract.name);
        for (const { input, ack } of await askAll(raw, contract.name, name, badInputs(sample))) {
          const said = `${input.slice(0, 200)} → ${JSON.stringify(ack).slice(0, 200)}`;
          const isGood = spec.input.safeParse(JSON.parse(input)).success;
          if (!isGood) expect(ack?.error?.code, said).to.equal("bad_request");
          else expect(ack?.error?.code, said).to.not.be.oneOf(["bad_request", "internal", "timeout"]);
        }
        expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
      });
    }
  }

  it("may have fields that the contract does not know: they are dropped", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    const more = '"__proto__":{"polluted":1},"constructor":1,"hasOwnProperty":null,"admin":true';
    raw.send(`42/chat,1["message:send",{"id":"message-1","room":"arena","text":"hi",${more}}]`);
    expect(await raw.ack("/chat", 1)).to.deep.include({ ok: true });
    raw.send('42/chat,2["history:read",{"room":"arena"}]');
    const page = (await raw.ack("/chat", 2)) as { data: { entries: object[] } };
    expect(page.data.entries[0]).to.have.all.keys("room", "epoch", "seq", "kind", "id", "from", "at", "text");
  });

  it("says where it is wrong, by path, and repeats nothing of it", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    raw.send('42/chat,1["room:join",{"room":"a secret room","since":{"epoch":1,"seq":"x"}}]');
    const { error } = (await raw.ack("/chat", 1)) as { error: { details: { issues: { path: string }[] } } };
    expect(error.details.issues.map(({ path }) => path)).to.deep.equal(["room", "since.epoch", "since.seq"]);
    expect(JSON.stringify(error)).to.not.include("secret");
  });

  it("takes text with U+0000, and makes a lone surrogate U+FFFD", async () => {
    await using target = await Target.start();
    await using raw = await target.enter();
    raw.send('42/chat,1["message:send",{"id":"message-1","room":"arena","text":"a\\u0000b\\ud800c"}]');
    raw.send('42/chat,2["history:read",{"room":"arena"}]');
    const page = (await raw.ack("/chat", 2)) as { data: { entries: { text: string }[] } };
    expect(page.data.entries[0]?.text).to.equal("a\u0000b\ufffdc");
  });
});
