import { digits } from "../report/summary.ts";
import * as common from "../workloads/figures.ts";
import * as figure from "./figures.ts";
import type { PartName } from "./plan.ts";
import type { Measured, Results } from "./results.ts";

/** Each part's title, and the figures that are shown of it; the others are in the JSON. */
const SHOWN: Readonly<Record<PartName, { readonly title: string; readonly figures: readonly string[] }>> = {
  memory: {
    title: "One worker full of connections, in memory",
    figures: [
      figure.CONNECTIONS,
      figure.CONNECT_SECONDS,
      figure.CONNECT_CPU,
      common.RSS_PER_CONNECTION,
      figure.RSS_AFTER,
      figure.KERNEL_PER_CONNECTION,
      figure.IDLE_CPU,
      common.DELIVERIES,
      figure.EXPECTED,
      common.CPU_PER_DELIVERY,
      common.BYTES_PER_DELIVERY,
      common.P50,
      common.P99,
    ],
  },
  redis: {
    title: "One worker full of connections, with Redis",
    figures: [
      figure.CONNECTIONS,
      figure.CONNECT_SECONDS,
      figure.CONNECT_CPU,
      figure.REDIS_CONNECT_CPU,
      common.RSS_PER_CONNECTION,
      figure.RSS_AFTER,
      figure.REDIS_KB_PER_CONNECTION,
      figure.IDLE_CPU,
      figure.REDIS_IDLE_CPU,
      common.DELIVERIES,
      figure.EXPECTED,
      common.CPU_PER_DELIVERY,
      common.P50,
      common.P99,
    ],
  },
  storm: {
    title: "A worker is killed",
    figures: [
      figure.STORM_CLIENTS,
      figure.BACK,
      figure.BACK_P50,
      figure.BACK_P99,
      figure.ALL_BACK,
      figure.ATTEMPTS,
      figure.MISSING,
      figure.DOUBLED,
      figure.UNRECOVERED,
      figure.BEHIND,
      figure.P50_BEFORE,
      figure.P99_BEFORE,
      figure.P50_DURING,
      figure.P99_DURING,
      figure.MAX_DURING,
      figure.RETURN_CPU,
      figure.REDIS_RETURN_CPU,
      figure.CLIENT_LATE,
    ],
  },
  rooms: {
    title: "Many rooms",
    figures: [
      figure.ROOMS,
      figure.RSS_PER_ROOM,
      figure.REDIS_KB_PER_ROOM,
      figure.REDIS_KB_PER_MESSAGE,
      figure.REDIS_COMMANDS_PER_ROOM,
      figure.CPU_PER_ROOM,
      figure.REDIS_CPU_PER_ROOM,
      common.DELIVERIES,
      figure.EXPECTED,
      figure.SENDING_CPU,
      figure.HEARING_CPU,
      common.REDIS_CPU_PER_MESSAGE,
      common.REDIS_PER_MESSAGE,
      common.P50,
      common.P99,
    ],
  },
  growth: { title: "Few rooms and many", figures: [figure.CPU_FEW_ROOMS, figure.CPU_MANY_ROOMS] },
  subscribers: { title: "Workers that hear a room", figures: [figure.REDIS_CPU_PER_SUBSCRIBER] },
};

const GOALS: Readonly<Record<string, { readonly limit: number; readonly text: string }>> = {
  [figure.ALL_BACK]: { limit: 8, text: "at most 8" },
  [figure.P99_DURING]: { limit: 250, text: "below 250" },
};

/** The report: a table for each part that was measured, with what it was made by. */
export function markdown(results: Results): string {
  const names = Object.keys(SHOWN) as PartName[];
  const parts = names.flatMap((name) => {
    const measured = results[name];
    return measured ? [partText(name, measured)] : [];
  });
  return `# Scale\n\n${INTRODUCTION}\n\n${parts.join("\n\n")}\n`;
}

const INTRODUCTION = `One run each, beside the load generator on the same machine: CPU per connection, delivery and message says more here than latency does. [What it means for a
million connections](../scaling.md).`;

function partText(name: PartName, measured: Measured): string {
  const { title, figures } = SHOWN[name];
  const rows = figures.flatMap((each) => {
    const value = measured.figures[each];
    return value === undefined ? [] : [[each, shown(value) + goalText(each, value)]];
  });
  const against = [
    ...(measured.failed === undefined ? [] : [`**It failed**: ${measured.failed}.`]),
    ...(measured.disturbed === undefined ? [] : [`**Not to be trusted as a time**: ${measured.disturbed}.`]),
  ];
  return [`## ${title}`, measured.about, ...against, table(["", "Measured"], rows), madeBy(measured)].join("\n\n");
}

function goalText(name: string, value: number): string {
  const goal = GOALS[name];
  if (!goal) return "";
  const isReached = name === figure.P99_DURING ? value < goal.limit : value <= goal.limit;
  return ` (goal: ${goal.text}; ${isReached ? "**reached**" : "not reached"})`;
}

/** Counts are told to the last one. */
export const shown = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en-US") : digits(value);

export function madeBy({ command, date, environment }: Measured): string {
  const { commit, kernel, cpu, cores, memoryGiB, node, versions, textBytes } = environment;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\` on ${date.slice(0, 10)}, commit ${commit}; text of ${textBytes} bytes; ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}, ${packages.join(", ")}.`;
}

/** With columns of one width, as Prettier has them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
