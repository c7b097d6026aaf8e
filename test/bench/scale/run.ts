import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { readEnvironment } from "../report/environment.ts";
import { insert } from "../report/insert.ts";
import { REPOSITORY } from "../repository.ts";
import { connectionLimit } from "./limits.ts";
import { markdown, shown } from "./markdown.ts";
import { pageParts } from "./page.ts";
import { FULL, type PartName, PARTS, type Sizes } from "./plan.ts";
import { type Measured, readResults, type Results, writeResults } from "./results.ts";

const NAMES = Object.keys(PARTS) as PartName[];
const FOLDER = join(REPOSITORY, "docs/bench");
const PAGE = join(REPOSITORY, "docs/scaling.md");

const USAGE = `npm run bench:scale -- [--only memory,storm] [--connections 15000] [--storm-rooms 1] [--out FOLDER]
  --only         parts: ${NAMES.join(", ")}; those that are left out stay as they were measured before
  --connections  of the one worker in memory
  --storm-rooms  rooms of each client of the killed worker, ${FULL.storm.rooms} times as many in all
  --out          where scale.json and scale.md go (docs/bench, and then docs/scaling.md is brought up to date too)`;

const { values: args } = parseArgs({
  options: {
    only: { type: "string" },
    connections: { type: "string" },
    "storm-rooms": { type: "string" },
    out: { type: "string", default: FOLDER },
    help: { type: "boolean", default: false },
  },
});

/** @throws RangeError where it is none */
function positive(name: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name} is a number from 1 on, not ${value}`);
  return number;
}

/** As large as was asked for, and as this machine lets a process be. */
function sizes(): Sizes {
  const wanted = positive("connections", args.connections, FULL.memory.connections);
  const limit = connectionLimit();
  if (wanted > limit)
    console.error(
      `This machine lets a process have ${limit} connections, not ${wanted}: raise its hard limit (ulimit -Hn).`,
    );
  const connections = Math.min(wanted, limit);
  const roomsEach = positive("storm-rooms", args["storm-rooms"], FULL.storm.roomsEach);
  return {
    ...FULL,
    memory: { ...FULL.memory, connections, first: Math.ceil(connections / 3) },
    storm: { ...FULL.storm, roomsEach, rooms: FULL.storm.rooms * roomsEach },
  };
}

async function measure(name: PartName, of: Sizes): Promise<Measured> {
  const date = new Date().toISOString();
  const begun = performance.now();
  const part = await PARTS[name](of);
  console.log(`\n${name}, ${shown(Math.round((performance.now() - begun) / 1000))} s: ${part.about}`);
  for (const [figure, value] of Object.entries(part.figures)) console.log(`  ${figure}: ${shown(value)}`);
  for (const against of [part.failed, part.disturbed]) if (against !== undefined) console.log(`  BUT ${against}`);
  const told = process.argv.slice(2).filter((arg, index, all) => arg !== "--out" && all[index - 1] !== "--out");
  const command = ["npm run bench:scale", ...(told.length > 0 ? ["--", ...told] : [])].join(" ");
  return { ...part, command, date, environment: readEnvironment() };
}

async function write(results: Results): Promise<void> {
  await writeResults(args.out, results);
  await writeFile(join(args.out, "scale.md"), markdown(results));
  if (args.out === FOLDER) await writeFile(PAGE, insert(await readFile(PAGE, "utf8"), pageParts(results)));
}

const picked = args.only === undefined ? NAMES : NAMES.filter((name) => args.only?.split(",").includes(name));
if (args.help || picked.length === 0) {
  console.log(USAGE);
  process.exitCode = args.help ? 0 : 1;
} else {
  const all = sizes();
  for (const name of picked) {
    // After each, so that nothing is lost where somebody has seen enough.
    await write({ ...(await readResults(args.out)), [name]: await measure(name, all) });
  }
  console.log(`\nWritten to ${relative(process.cwd(), args.out) || "."}`);
}
