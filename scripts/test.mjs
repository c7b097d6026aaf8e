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
  { binary: "cc", package: "build-essential" },
];

/** Tests of whole clusters and of what runs out: they wait for leases, outages and other processes, and take half of the time. */
const SLOW = "test/{chaos,cluster,monitor,presence}/**/*.test.ts";

/** A hundred clients at ten messages a second each take all that two cores have, and are to be back in time: nothing runs beside them. */
const ALONE = "test/cluster/reload.test.ts";

/** One step after the other; what is in a step runs side by side, since each of it mostly waits. */
const chosen = process.argv.slice(2);
const all = [
  [
    [SLOW, "--ignore", ALONE],
    ["test/**/*.test.ts", "--ignore", SLOW],
  ],
  [[ALONE]],
];
const steps = chosen.length > 0 ? [[chosen]] : all;

/** Runs mocha, and resolves with how it ended. The first of a step shows what it does at once, the others when they have ended. */
function runMocha(args, index) {
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const color = process.stdout.isTTY ? ["--color"] : [];
  const child = spawn(process.execPath, [mocha, ...color, ...args], {
    cwd: root,
    stdio: ["inherit", "pipe", "inherit"],
  });
  // Ctrl-C reaches the tests by itself, as some of the terminal's processes; this one stays to pass their exit code on.
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    if (index === 0) process.stdout.write(text);
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      if (index > 0) process.stdout.write(output);
      const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [undefined, 0, 0];
      const [why = ""] = /^.*\b\d+ failing\b[^]*$/m.exec(output) ?? [];
      resolve({ passed: Number(passed), failed: Number(failed), why, code: code ?? 128 + constants.signals[signal] });
    });
  });
}

ensureInstalled();
if (!ensurePrograms(PROGRAMS, "Testing")) process.exit(1);
// The tests run the sources, but the web app is served as it is built.
build();
let isCalledOff = false;
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (isCalledOff = true));
const ends = [];
for (const step of steps) if (!isCalledOff) ends.push(...(await Promise.all(step.map(runMocha))));
const sum = (name) => ends.reduce((total, end) => total + end[name], 0);
// What failed first is far above by now.
if (ends.length > 1) for (const { why } of ends) process.stdout.write(why);
if (ends.length > 1) console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = Math.max(Number(isCalledOff), ...ends.map(({ code }) => code));
