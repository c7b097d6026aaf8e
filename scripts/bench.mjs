import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensurePrograms } from "./programs.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Compiled, because a loader that transforms at run time would slow down some peers' closures and not others'. */
function compileBench() {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-p", join(root, "test/bench")], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Programs that the benchmarks run, and the Debian packages that they come in. */
const PROGRAMS = [
  { binary: "redis-server", package: "redis-server" },
  { binary: "taskset", package: "util-linux" },
  // Without it, Carillon would be measured without the part of it that is compiled.
  { binary: "cc", package: "build-essential" },
];

/** What only one peer is made of: without it that one is left out, and the report says so. */
const PEERS_PROGRAMS = [{ file: "/usr/lib/nginx/modules/ngx_nchan_module.so", package: "libnginx-mod-nchan" }];

/** What only some peers are made of: a peer whose package does not load here is left out, and the report says so. */
function ensurePeersPackages() {
  // Optional ones are compiled, and peer dependencies are the repository's own.
  ensureInstalled(join(root, "test/bench/packages"), ["--omit=optional", "--legacy-peer-deps"]);
}

/** Runs one of the programs in `test/bench`; what it is told is passed on. */
const [program = "run", ...args] = process.argv.slice(2);
ensureInstalled();
if (!ensurePrograms(PROGRAMS, "Measuring")) process.exit(1);
if (program === "run") {
  ensurePeersPackages();
  ensurePrograms(PEERS_PROGRAMS, "Measuring nchan");
}
build();
compileBench();
const child = spawn(process.execPath, [join(root, ".bench/test/bench", `${program}.js`), ...args], {
  stdio: "inherit",
});
// Ctrl-C reaches it by itself; this one stays to pass its exit code on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => (process.exitCode = signal ? 1 : (code ?? 1)));
