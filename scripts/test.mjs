import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensurePrograms } from "./programs.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Programs that the tests run, and the Debian packages that they come in. */
const PROGRAMS = [
  { binary: "chromium", package: "chromium" },
  { binary: "redis-server", package: "redis-server" },
  { binary: "redis-sentinel", package: "redis-sentinel" },
  { binary: "nginx", package: "nginx" },
  { binary: "ip", package: "iproute2" },
];

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
if (!ensurePrograms(PROGRAMS, "Testing")) process.exit(1);
// The tests run the sources, but the web app is served as it is built.
build();
runMocha();
