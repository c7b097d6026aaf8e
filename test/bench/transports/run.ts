import { join } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY } from "../repository.ts";
import { environment } from "./environment.ts";
import { HEADER_SETS, type HeaderSetName } from "./headers.ts";
import { runPlan } from "./plan.ts";
import { writePage, writeResults } from "./publish.ts";
import type { Plan } from "./results.ts";
import { tables } from "./table.ts";
import { WAYS } from "./ways/index.ts";

// npm run bench:transports: the same messages by HTTP and by websocket, and what each way takes.

const { values, tokens } = parseArgs({
  options: {
    messages: { type: "string", default: "1000" },
    "per-second": { type: "string", default: "50" },
    rounds: { type: "string", default: "1" },
    idle: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    headers: { type: "string", default: "chromium" },
    out: { type: "string", default: join(REPOSITORY, ".bench/results/transports") },
    docs: { type: "boolean", default: false },
  },
  tokens: true,
});

/** @throws {RangeError} where it is none */
function positive(name: "messages" | "per-second" | "rounds" | "idle" | "seed"): number {
  const value = Number(values[name]);
  if (!(value > 0)) throw new RangeError(`--${name} is a number above 0, not ${values[name]}.`);
  return value;
}

if (!(values.headers in HEADER_SETS))
  throw new RangeError(`--headers is one of ${Object.keys(HEADER_SETS).join(", ")}.`);
const plan: Plan = {
  messages: positive("messages"),
  perSec: positive("per-second"),
  rounds: positive("rounds"),
  idleSec: positive("idle"),
  seed: positive("seed"),
  headers: values.headers as HeaderSetName,
};
// What says where to, and not what, is no part of it.
const told = tokens.flatMap((token) =>
  token.kind === "option" && token.name !== "out" && token.name !== "docs" ? [`--${token.name} ${token.value}`] : [],
);
const command = ["npm run bench:transports", ...(told.length > 0 ? ["--", ...told] : [])].join(" ");
const date = new Date().toISOString();
const ways = await runPlan(WAYS, plan, (line) => console.error(line));
const results = { command, date, environment: environment(), plan, ways };
await writeResults(values.out, results);
if (values.docs) await writePage(results);
console.log(tables(results));
console.error(`\nWritten to ${values.out}.`);
