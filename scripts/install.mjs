import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Brings a folder's `node_modules` to what its `package-lock.json` says; does nothing where it already is. `options` are further ones of
 * `npm ci`. Exits where that fails.
 */
export function ensureInstalled(folder = root, options = []) {
  if (isInstalled(folder)) return;
  console.error("Installing the dependencies (npm ci) …");
  // Building and testing need the development dependencies, whatever NODE_ENV says.
  const { command, first } = npm();
  const args = [...first, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error", ...options];
  const { status, error } = spawnSync(command, args, { cwd: folder, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  console.error(`Installing the dependencies failed${error ? `: ${error.message}` : ""}.`);
  process.exit(status ?? 1);
}

/**
 * npm leaves a lock file of what it installed as its last step: compared with ours, it tells a missing, an outdated and
 * an interrupted installation, and one that somebody made by hand counts as well.
 */
function isInstalled(folder) {
  try {
    const wanted = packagesOf(join(folder, "package-lock.json"));
    const found = packagesOf(join(folder, "node_modules/.package-lock.json"));
    return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      const there = found[path];
      // What is made for another platform is left out.
      if (!there) return path === "" || optional === true;
      return there.version === version && there.integrity === integrity;
    });
  } catch {
    return false;
  }
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

/** The npm that runs this, if one does: it need not be in the PATH. */
function npm() {
  const script = process.env.npm_execpath;
  return script?.endsWith("npm-cli.js")
    ? { command: process.execPath, first: [script] }
    : { command: "npm", first: [] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
