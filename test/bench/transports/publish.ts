import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { insert } from "../report/insert.ts";
import { writeStored } from "../report/stored.ts";
import { REPOSITORY } from "../repository.ts";
import { pictures } from "./pictures.ts";
import type { Results } from "./results.ts";
import { comparison, summary, tables } from "./table.ts";
import { socketIoPolling, socketIoWebSocket } from "./ways/socket-io.ts";

/** The page that explains the figures, and what the command puts into it. */
export const PAGE = join(REPOSITORY, "docs/http-vs-websocket.md");

const PICTURES = join(REPOSITORY, "docs/http-vs-websocket");

/** Writes `results.json`, `results.md` and the pictures. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  await writeStored(join(folder, "results.json"), JSON.stringify(results, undefined, 2));
  await writeStored(join(folder, "results.md"), `${summary(results)}\n\n${tables(results)}`);
  await writePictures(folder, results);
}

/** Puts the figures and the pictures where the documentation has them. */
export async function writePage(results: Results): Promise<void> {
  await writeStored(join(PICTURES, "results.json"), JSON.stringify(results, undefined, 2));
  await writePictures(PICTURES, results);
  await writeFile(PAGE, insert(await readFile(PAGE, "utf8"), texts(results)));
}

/** What the page has between its markers. */
export function texts(results: Results): Readonly<Record<string, string>> {
  return {
    summary: summary(results),
    polling: comparison(results, socketIoPolling, socketIoWebSocket),
    tables: tables(results),
  };
}

async function writePictures(folder: string, results: Results): Promise<void> {
  for (const [file, svg] of Object.entries(pictures(results))) await writeFile(join(folder, file), svg);
}
