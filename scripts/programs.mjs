import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Makes sure of programs, each `{ binary, package }`, or `{ file, package }` for what is not run by its name: as root it installs the
 * Debian packages of those that are missing, and says so. Otherwise it says what to install, and returns false.
 */
export function ensurePrograms(programs, purpose) {
  const missing = programs.filter(isMissing).map((program) => program.package);
  if (missing.length === 0) return true;
  if (process.getuid?.() !== 0 || !isInPath("apt-get")) {
    console.error(`${purpose} needs what is missing here: apt-get install ${missing.join(" ")}`);
    return false;
  }
  console.error(`Installing Debian packages: ${missing.join(", ")} …`);
  // In a container, the package lists are often absent or outdated: only then are they fetched, which takes a while.
  if (aptGet(["install", ...missing], "ignore")) return true;
  if (aptGet(["update"], "inherit") && aptGet(["install", ...missing], "inherit")) return true;
  console.error(`Installing failed; by hand: apt-get update && apt-get install ${missing.join(" ")}`);
  return false;
}

/** Whether it did it. What apt-get has to tell is on stderr; on stdout is only its progress. */
function aptGet(args, stderr) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const all = ["-qq", "-y", "--no-install-recommends", ...args];
  return spawnSync("apt-get", all, { stdio: ["ignore", "ignore", stderr], env }).status === 0;
}

const isMissing = ({ binary, file }) => (binary === undefined ? !existsSync(file) : !isInPath(binary));

function isInPath(binary) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, binary), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
