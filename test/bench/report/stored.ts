import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** What a file holds as JSON; nothing where there is none. */
export async function readStored(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a text, in a folder that need not be there. */
export async function writeStored(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`);
}
