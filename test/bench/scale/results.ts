import { join } from "node:path";
import type { Environment } from "../report/environment.ts";
import { readStored, writeStored } from "../report/stored.ts";
import type { Part } from "./part.ts";
import type { PartName } from "./plan.ts";

/** A part, and what it was made by. */
export interface Measured extends Part {
  readonly command: string;
  /** When it began, as ISO 8601 says it. */
  readonly date: string;
  readonly environment: Environment;
}

/** What has been measured so far; each part says when. */
export type Results = Readonly<Partial<Record<PartName, Measured>>>;

const FILE = "scale.json";

/** What is in this folder from before, if anything is. */
export async function readResults(folder: string): Promise<Results> {
  const stored = (await readStored(join(folder, FILE))) as Results | undefined;
  return stored ?? {};
}

export async function writeResults(folder: string, results: Results): Promise<void> {
  await writeStored(join(folder, FILE), JSON.stringify(results, undefined, 2));
}
