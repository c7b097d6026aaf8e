import { join } from "node:path";
import type { Sample } from "../measure.ts";
import type { Environment } from "./environment.ts";
import { readStored, writeStored } from "./stored.ts";

/** All that one workload has given, and what it was given by. */
export interface Measured {
  readonly workload: string;
  readonly about: string;
  readonly shows: readonly string[];
  readonly command: string;
  /** When it began, as ISO 8601 says it. */
  readonly date: string;
  readonly environment: Environment;
  /** Seconds that warmed up and seconds that count, of each sample. */
  readonly pace: { readonly warmSeconds: number; readonly seconds: number };
  readonly contenders: readonly { readonly key: string; readonly name: string; readonly lacks: string }[];
  /** Contenders that cannot run here. */
  readonly skipped: readonly { readonly key: string; readonly why: string }[];
  /** All of them, those that do not count as well. */
  readonly samples: readonly Sample[];
}

/** By the workload's name. */
export type Results = Readonly<Record<string, Measured>>;

const FILE = "results.json";

/** What is in this folder from before, if anything is. */
export async function readResults(folder: string): Promise<Results> {
  const stored = (await readStored(join(folder, FILE))) as Results | undefined;
  return stored ?? {};
}

/** A line for each sample, so that what differs between two of these files can be seen. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  await writeStored(join(folder, FILE), JSON.stringify(results).replaceAll('{"peer":', '\n{"peer":'));
}
