import { expect } from "chai";
import { chat, notify } from "../../src/index.ts";
import { eventually } from "../kit/wait.ts";
import { Target } from "./target.ts";

const FRAMES = 2_000;
const FRAMES_A_CONNECTION = 25;
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
const SCALARS = ["null", "true", "0", "-1", "1e400", "1e-400", '""', '"arena"', '"\\ud800"', '"__proto__"', "x", ""];
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
const HEADS = [
  "42/chat,",
  "42/chat,7",
  "42/notify,8",
  "42",
  "43/chat,",
  "451-/chat,",
  "40/notify,",
  "41/notify,",
  "4",
  "",
];

/** Nearly JSON. */
function value({ below, one }: Random, depth: number, random: Random): string {
  if (depth === 0 || below(3) === 0) return one(SCALARS);
  const items = Array.from({ length: below(4) }, () => value(random, depth - 1, random));
  return below(2) === 0 ? `[${items.join()}]` : `{${items.map((item) => `"${one(KEYS)}":${item}`).join()}}`;
}

/** A frame that is sometimes right, and mostly wrong in one place. */
function frame(random: Random): string {
  const { below, one } = random;
  const text = `${one(HEADS)}["${one(NAMES)}",${value(random, 4, random)}]`;
  if (below(2) === 0) return text;
  const at = below(text.length);
  const change = [text.slice(0, at), text.slice(at), text.slice(0, at) + one(SCALARS) + text.slice(at + 1)];
  return one(change) || "4";
}

describe("2,000 made-up frames", () => {
  it("cost at most the connection they came over", async () => {
    const random = createRandom(SEED);
    await using target = await Target.start();
    let cut = 0;
    for (let sent = 0; sent < FRAMES; sent += FRAMES_A_CONNECTION) {
      await using raw = await target.enter();
      for (let n = 0; n < FRAMES_A_CONNECTION; n++) if (raw.isOpen) raw.send(frame(random));
      if (raw.isOpen) raw.send('42/chat,4711["room:mine",{}]');
      await eventually(
        () => raw.closeCode !== undefined || raw.heard.some((packet) => packet.startsWith("43/chat,4711[")),
      );
      if (raw.closeCode !== undefined) cut++;
    }
    expect(cut).to.be.greaterThan(0);
  });
});
