import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";
import type { Report } from "./report.ts";
import { checkDelivery } from "./run.ts";
import { SETUPS } from "./standing.ts";
import { VIOLATIONS } from "./verify.ts";

/** So many violations are told in full. */
const SHOWN = 30;

const USAGE = `Usage: npm run check:delivery -- [--minutes 10] [--seed 42] [--messages N] [--per-sec 170] [--faults a,b] [--records FILE] [--redis ${SETUPS.join("|")}]
Faults: ${FAULTS.map(({ name }) => name).join(", ")}`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
      messages: { type: "string", default: "0" },
      "per-sec": { type: "string", default: "170" },
      faults: { type: "string" },
      redis: { type: "string", default: "single" },
      records: { type: "string" },
    },
  });
  const [minutes, seed, messages, perSec] = [values.minutes, values.seed, values.messages, values["per-sec"]].map(
    Number,
  );
  const faults = values.faults?.split(",");
  const unknown = faults?.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no fault ${unknown.join(", ")}`);
  const setup = SETUPS.find((name) => name === values.redis);
  if (!setup) throw new Error(`There is no Redis ${values.redis}`);
  for (const number of [minutes, seed, messages, perSec])
    if (number === undefined || !(number >= 0)) throw new Error("Numbers are expected");
  return {
    minutes: minutes ?? 0,
    seed: seed ?? 0,
    messages: messages ?? 0,
    perSec: perSec ?? 0,
    setup,
    records: values.records,
    ...(faults && { faults }),
  };
}

const counts = (map: ReadonlyMap<string, number>) => [...map].map(([name, count]) => `${name} ${count}`).join(", ");

function print({ verdict, failures, ...report }: Report): void {
  const { violations, lost, epochs, again } = verdict;
  const lines = {
    faults: counts(report.faults),
    sent: `${report.sent} messages in ${report.attempts} attempts; not answered with ok: ${counts(report.refusals) || "none"}`,
    acknowledged: `${report.acknowledged}, ${report.duplicates} of them as duplicates of an attempt whose answer was lost`,
    heard: `${report.heard}, over ${report.reconnects} reconnections`,
    lost: `${lost} acknowledged messages with the faults that lose what was stored, in ${epochs} new epochs; ${again} places given again before that was noticed`,
    told: `${report.resets} resets, ${report.restarts} joins that were not recovered`,
    settled: `in ${Math.round(report.settledMs)} ms`,
  };
  for (const [name, text] of Object.entries(lines)) console.log(`${name.padEnd(13)} ${text}`);
  for (const failure of failures.slice(0, SHOWN)) console.log(`FAILED        ${failure}`);
  for (const { kind, room, detail } of violations.slice(0, SHOWN)) console.log(`${kind.padEnd(13)} ${room}: ${detail}`);
  for (const [kind, meaning] of Object.entries(VIOLATIONS)) {
    const found = violations.filter((violation) => violation.kind === kind).length;
    if (found > 0) console.log(`${found} times: ${meaning}`);
  }
}

async function main(): Promise<void> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  console.log(`minutes ${options.minutes}, seed ${options.seed}, Redis ${options.setup}`);
  const startMs = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  const report = await checkDelivery({ ...options, say });
  print(report);
  if (options.records !== undefined) writeFileSync(options.records, JSON.stringify(report.records));
  const isClean = report.verdict.violations.length === 0 && report.failures.length === 0;
  console.log(isClean ? "Ordered, gap-free, without doubles." : "NOT clean.");
  process.exitCode = isClean ? 0 : 1;
}

await main();
