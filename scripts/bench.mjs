import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Compiled, because a loader that transforms at run time would slow down some peers' closures and not others'. */
export function compileBench() {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-p", join(root, "test/bench")], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs one of the programs in `test/bench`; what it is told is passed on. */
const [program = "run", ...args] = process.argv.slice(2);
ensureInstalled();
build();
compileBench();
const child = spawn(process.execPath, [join(root, ".bench/test/bench", `${program}.js`), ...args], { stdio: "inherit" });
process.on("SIGINT", () => {});
child.on("exit", (code, signal) => (process.exitCode = signal ? 1 : (code ?? 1)));
