import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants as access } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Programs that the tests run, and the Debian packages that they come in. */
const PROGRAMS = [
  { binary: "chromium", package: "chromium" },
  { binary: "redis-server", package: "redis-server" },
  { binary: "redis-sentinel", package: "redis-sentinel" },
  { binary: "nginx", package: "nginx" },
  { binary: "ip", package: "iproute2" },
];

function ensurePrograms() {
  const missing = PROGRAMS.filter(({ binary }) => !isInPath(binary)).map((program) => program.package);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !isInPath("apt-get")) {
    console.error(`The tests need what is missing here: apt-get install ${missing.join(" ")}`);
    process.exit(1);
  }
  console.error(`Installing Debian packages for the tests: ${missing.join(", ")} …`);
  // In a container, the package lists are often absent or outdated: only then are they fetched, which takes a while.
  if (aptGet(["install", ...missing], "ignore")) return;
  if (aptGet(["update"], "inherit") && aptGet(["install", ...missing], "inherit")) return;
  console.error(`Installing failed; by hand: apt-get update && apt-get install ${missing.join(" ")}`);
  process.exit(1);
}

/** Whether it did it. What apt-get has to tell is on stderr; on stdout is only its progress. */
function aptGet(args, stderr) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const all = ["-qq", "-y", "--no-install-recommends", ...args];
  return spawnSync("apt-get", all, { stdio: ["ignore", "ignore", stderr], env }).status === 0;
}

function isInPath(binary) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, binary), access.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs mocha with the arguments given here (all tests, without any), and ends as it ends. */
function runMocha() {
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : ["test/**/*.test.ts"];
  const child = spawn(process.execPath, [mocha, ...chosen], { cwd: root, stdio: "inherit" });
  // Ctrl-C reaches the tests by itself, as one of the terminal's processes; this one stays to pass their exit code on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

ensureInstalled();
ensurePrograms();
runMocha();
