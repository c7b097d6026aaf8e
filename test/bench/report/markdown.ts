import { judge, type Verdict } from "../goals.ts";
import type { Measured, Results } from "./results.ts";
import { byRound, digits, shown, spreadOf } from "./summary.ts";

/** The whole report: goals first, then a table for each workload with what its figures were made by. */
export function markdown(results: Results): string {
  const parts = [
    "# Measured",
    INTRODUCTION,
    "## Goals",
    goalsTable(judge(results)),
    ...Object.values(results).map((measured) => workloadPart(measured)),
  ];
  return `${parts.join("\n\n")}\n`;
}

const INTRODUCTION = `Each figure is the median of the rounds that count, with the smallest and the largest beside it. Rounds are interleaved (A B C, A B C, …), each with fresh
processes and an empty Redis; ratios are taken within a round. A round is void where the machine was taken away or used by others, where the load generator was
near its limits, or where anything was lost; it is run once more then. CPU is that of all the server's processes and Redis, user and system, from \`/proc\`. Over
loopback the sender also pays for the receiver's side of TCP: the system part says little about a real network card.`;

const VERDICTS = { reached: "**reached**", missed: "missed", unknown: "not measured" };

function goalsTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ goal, measured, reached }) => {
    const limit = `${goal.bound === "at most" ? "≤" : "≥"} ${goal.limit}`;
    const verdict = reached === undefined ? VERDICTS.unknown : reached ? VERDICTS.reached : VERDICTS.missed;
    return [goal.id, goal.claim, limit, shown(measured), String(measured?.rounds ?? 0), verdict];
  });
  return table(["Goal", "What", "Limit", "Measured", "Rounds", ""], rows);
}

function workloadPart(measured: Measured): string {
  const { workload, about, samples, shows, contenders, skipped } = measured;
  const rows = contenders.map(({ key }) => {
    const own = samples.filter(({ peer }) => peer === key);
    const counted = own.filter((sample) => sample.void === undefined && sample.round > 0).length;
    const figures = shows.map((figure) => shown(spreadOf([...byRound(samples, key, figure).values()])));
    return [key, ...figures, `${counted} (${own.filter((sample) => sample.void !== undefined).length} void)`];
  });
  const notes = [
    ...contenders.map(({ key, name, lacks }) => `- \`${key}\`: ${name}${lacks === "" ? "" : `; lacks ${lacks}`}`),
    ...skipped.map(({ key, why }) => `- \`${key}\` was not measured: ${why}`),
  ];
  return [`## ${workload}`, about, table(["", ...shows, "Rounds"], rows), notes.join("\n"), madeBy(measured)].join(
    "\n\n",
  );
}

function madeBy({ command, date, environment, pace }: Measured): string {
  const { commit, kernel, cpu, cores, memoryGiB, node, versions, textBytes } = environment;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `\`${command}\` on ${date.slice(0, 10)}, commit ${commit}; ${digits(pace.warmSeconds)} s to warm up and ${digits(pace.seconds)} s that count;`,
    `text of ${textBytes} bytes; ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}, ${packages.join(", ")}.`,
  ].join(" ");
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
