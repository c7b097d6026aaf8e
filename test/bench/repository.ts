import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder, from the sources as well as from what is compiled of them. */
export const REPOSITORY = above(fileURLToPath(new URL(".", import.meta.url)));

function above(folder: string): string {
  return existsSync(join(folder, "package-lock.json")) ? folder : above(dirname(folder));
}
