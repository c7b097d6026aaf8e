import { expect } from "chai";
import { chat, notify } from "../../src/index.ts";
import type { RawClient } from "../kit/raw.ts";
import { eventually } from "../kit/wait.ts";
import { Target } from "./target.ts";

/** Frames that Socket.IO can read, many over each connection; and others that it mostly cannot, each over its own. */
const READABLE = 1_750;
const BROKEN = 250;
const READABLE_A_CONNECTION = 50;
const SEED = 20_260_101;

/** @see https://en.wikipedia.org/wiki/Linear_congruential_generator with Numerical Recipes' constants: always the same frames. */
function createRandom(seed: number) {
  let state = seed;
  const below = (max: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * max);
  };
  return { below, one: <T>(of: readonly T[]) => of[below(of.length)] as T };
}

type Random = ReturnType<typeof createRandom>;

const NAMES = [...Object.keys(chat.requests), ...Object.keys(notify.requests), "error", "__proto__", ""];
const SCALARS = [
  "null",
  "true",
  "0",
  "-1",
  "1e400",
  "1e-400",
  '""',
  '"arena"',
  '"\\ud800"',
  '"__proto__"',
  '"\\u0000"',
];
const KEYS = [
  "room",
  "id",
  "text",
  "since",
  "epoch",
  "seq",
  "limit",
  "rooms",
  "data",
  "__proto__",
  "constructor",
  "ids",
];
const HEADS = ["42/chat,", "42/chat,7", "42/notify,8", "43/chat,9"];
const SCRAPS = ["", "4", "[", '"', "}", "/", ",", "-1", "999", "\\", "\u0000", "\ud800"];

function value(random: Random, depth: number): string {
  const { below, one } = random;
  if (depth === 0 || below(3) === 0) return one(SCALARS);
  const items = Array.from({ length: below(4) }, () => value(random, depth - 1));
  return below(2) === 0 ? `[${items.join()}]` : `{${items.map((item) => `"${one(KEYS)}":${item}`).join()}}`;
}

function readable(random: Random): string {
  const args = Array.from({ length: random.below(3) }, () => `,${value(random, 4)}`);
  return `${random.one(HEADS)}["${random.one(NAMES)}"${args.join("")}]`;
}

/** A readable one with something torn out of it, put into it, or in the place of a piece of it. */
function broken(random: Random): string {
  const text = readable(random);
  const [from, to] = [random.below(text.length), random.below(text.length)].toSorted((a, b) => a - b) as [
    number,
    number,
  ];
  return text.slice(0, from) + random.one(SCRAPS) + text.slice(random.one([from, to])) || "4";
}

async function sendAll(target: Target, frames: readonly string[]): Promise<RawClient> {
  const raw = await target.enter();
  await raw.enter("/notify", await target.server.token("mallory"));
  raw.send(...frames, '42/chat,4711["room:mine",{}]');
  await eventually(() => raw.closeCode !== undefined || raw.heard.some((packet) => packet.startsWith("43/chat,4711[")));
  return raw;
}

describe("2,000 made-up frames", () => {
  it("cost nothing where Socket.IO can read them", async () => {
    const random = createRandom(SEED);
    await using target = await Target.start();
    for (let sent = 0; sent < READABLE; sent += READABLE_A_CONNECTION) {
      const frames = Array.from({ length: READABLE_A_CONNECTION }, () => readable(random));
      await using raw = await sendAll(target, frames);
      expect(raw.closeCode).to.equal(undefined);
    }
  });

  it("cost at most the connection they came over where it cannot", async () => {
    const random = createRandom(SEED);
    await using target = await Target.start();
    const isCut = async () => {
      await using raw = await sendAll(target, [broken(random)]);
      return raw.closeCode !== undefined;
    };
    const cut = (await Promise.all(Array.from({ length: BROKEN }, isCut))).filter(Boolean).length;
    expect(cut).to.be.within(1, BROKEN - 1);
  });
});
