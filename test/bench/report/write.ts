import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { markdown } from "./markdown.ts";
import { picture } from "./picture.ts";
import { type Measured, readResults, type Results, writeResults } from "./results.ts";

/**
 * Puts what was measured beside what is in this folder from other workloads, each of which says when and by what it was made, and
 * writes all of it anew: `results.json`, `results.md` and `fanout.svg`.
 */
export async function writeReport(folder: string, measured: readonly Measured[]): Promise<Results> {
  const fresh = Object.fromEntries(measured.map((each) => [each.workload, each]));
  const results = { ...(await readResults(folder)), ...fresh };
  await writeResults(folder, results);
  await writeFile(join(folder, "results.md"), markdown(results));
  const svg = picture(results);
  if (svg !== undefined) await writeFile(join(folder, "fanout.svg"), svg);
  return results;
}
