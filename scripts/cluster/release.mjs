import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Copies the build, and gives back where. Workers run a copy: the next build replaces `dist` while they serve, and a worker that
 * falls while the new one proves to be no good has to come back as what it was.
 */
export function makeRelease({ root, releases }) {
  const folder = join(releases, randomBytes(4).toString("hex"));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** What a worker imports of a release. */
export const entryOf = (release) => join(release, "dist/src/main.js");

/** Removes all releases but these. */
export function keepReleases({ releases }, kept) {
  for (const name of readdirSync(releases)) {
    const folder = join(releases, name);
    if (!kept.includes(folder)) rmSync(folder, { recursive: true, force: true });
  }
}
