import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { judge } from "../goals.ts";
import { REPOSITORY } from "../repository.ts";
import { insert } from "./insert.ts";
import type { Results } from "./results.ts";
import { shown } from "./summary.ts";

export const README = join(REPOSITORY, "README.md");

/** What the README has between its markers: every goal with what was measured, and what that was made by. */
export function figures(results: Results): string {
  const rows = judge(results).flatMap(({ goal, measured, reached }) => {
    const limit = `${goal.bound === "at most" ? "≤" : "≥"} ${goal.limit}`;
    return measured
      ? [`| ${goal.claim} | ${shown(measured)} | ${limit} | ${reached ? "**reached**" : "missed"} |`]
      : [];
  });
  return [
    "<!-- prettier-ignore-start -->",
    ["| What | Measured | Aim | |", "| --- | --- | --- | --- |", ...rows].join("\n"),
    "<!-- prettier-ignore-end -->",
    madeBy(results),
  ].join("\n\n");
}

function madeBy(results: Results): string {
  const all = Object.values(results);
  const [first] = all;
  if (!first) return "Nothing was measured yet.";
  const { cpu, cores, node, versions } = first.environment;
  const dates = all.map(({ date }) => date.slice(0, 10)).toSorted();
  const socketIo = versions["socket.io"] ?? "?";
  return `By \`npm run bench\`, ${dates[0]}${dates[0] === dates.at(-1) ? "" : ` to ${dates.at(-1)}`} (rounds, exact commands and commits are [beside each figure](docs/bench/results.md)): ${cpu}, ${cores} cores, load and servers on one machine, Node ${node}, Socket.IO ${socketIo}.`;
}

/** Puts the figures where the README has them. */
export async function writeReadme(results: Results): Promise<void> {
  const page = await readFile(README, "utf8");
  await writeFile(README, insert(page, { figures: figures(results) }));
}
