import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { judge } from "./goals.ts";
import type { Sample } from "./measure.ts";
import { readEnvironment } from "./report/environment.ts";
import type { Measured } from "./report/results.ts";
import { digits, shown } from "./report/summary.ts";
import { writeReadme } from "./report/readme.ts";
import { writeReport } from "./report/write.ts";
import { REPOSITORY } from "./repository.ts";
import { runRounds } from "./rounds.ts";
import { peerOf } from "./stage.ts";
import { WORKLOADS } from "./workloads/index.ts";
import type { Pace, Workload } from "./workloads/workload.ts";

const USAGE = `npm run bench -- [--only fanout,acks] [--peers carillon,stock] [--rounds 5] [--quick] [--out FOLDER]
  --only   workloads, by their names or what these begin with: ${WORKLOADS.map(({ name }) => name).join(", ")}
  --peers  contenders, by their keys or what these begin with
  --rounds of each workload (5)
  --quick  one round of one second: to see that it works, not how fast it is
  --out    where results.json, results.md and fanout.svg go, beside what is there of other workloads (docs/bench; quick: .bench/quick)`;

/** What is written there is what the README shows. */
const PUBLISHED = "docs/bench";

const FULL: Pace = { warmSeconds: 3, seconds: 5 };
const QUICK: Pace = { warmSeconds: 0.5, seconds: 1 };

const { values: args } = parseArgs({
  options: {
    only: { type: "string" },
    peers: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** `fanout` stands for all whose names begin so, word by word. */
function chosen(names: string | undefined, name: string): boolean {
  if (names === undefined) return true;
  return names.split(",").some((each) => name === each || name.startsWith(`${each}-`) || name.startsWith(`${each} `));
}

function workloads(): Workload[] {
  const picked = WORKLOADS.filter(({ name }) => chosen(args.only, name)).map((workload) => ({
    ...workload,
    contenders: workload.contenders.filter(({ key }) => chosen(args.peers, key)),
  }));
  return picked.filter(({ contenders }) => contenders.length > 0);
}

function line({ workload, peer, round, figures, void: why }: Sample, shows: readonly string[]): string {
  const values = shows.flatMap((figure) => {
    const value = figures[figure];
    return value === undefined ? [] : [`${digits(value)} ${figure}`];
  });
  return `${workload} #${round} ${peer}: ${values.join(" · ")}${why === undefined ? "" : `  [void: ${why}]`}`;
}

const rounds = Number(args.rounds ?? (args.quick ? 1 : 5));
if (!Number.isInteger(rounds) || rounds < 1)
  throw new RangeError(`--rounds takes a whole number from 1, not ${args.rounds}`);

async function measure(workload: Workload): Promise<Measured> {
  const { name, about, shows, contenders } = workload;
  const pace = args.quick ? QUICK : FULL;
  const date = new Date().toISOString();
  const { samples, skipped } = await runRounds(workload, {
    rounds,
    pace,
    pinned: true,
    repeats: 1,
    told: (sample) => console.log(line(sample, shows)),
  });
  for (const { key, why } of skipped) console.log(`${name} ${key} cannot run here: ${why}`);
  return {
    workload: name,
    about,
    shows,
    command: `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(" ")}` : ""}`,
    date,
    environment: readEnvironment(),
    pace,
    contenders: contenders.map((contender) => ({
      key: contender.key,
      name: peerOf(contender).name,
      lacks: peerOf(contender).lacks,
    })),
    skipped,
    samples,
  };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

if (args.help) {
  console.log(USAGE);
} else {
  const picked = workloads();
  if (picked.length === 0) {
    console.error(`Nothing of that name.\n${USAGE}`);
    process.exitCode = 1;
  }
  const out = args.out ?? join(REPOSITORY, args.quick ? ".bench/quick" : PUBLISHED);
  for (const workload of picked) {
    // After each, so that nothing is lost where somebody has seen enough.
    const results = await writeReport(out, [await measure(workload)]);
    if (out === join(REPOSITORY, PUBLISHED)) await writeReadme(results);
    for (const { goal, measured, reached } of judge(results))
      if (goal.workload === workload.name)
        console.log(
          `${goal.id} ${goal.claim}: ${shown(measured)}, limit ${goal.limit}: ${reached ? "reached" : measured ? "missed" : "not measured"}`,
        );
  }
  if (picked.length > 0) console.log(`Written to ${relative(process.cwd(), out) || "."}`);
}
