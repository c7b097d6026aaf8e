import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".built-from");

/** What the build is made of. The lock file stands for the compiler. */
const INPUTS = ["src", "client", "tsconfig.json", "package.json", "package-lock.json", "scripts/build.mjs"];

/** Compiles `src` and the client to `dist`, bundles the web app and copies the scripts of Redis there, unless that is what is there. Exits where it fails. */
export function build() {
  const source = digest(INPUTS.flatMap(filesIn));
  if (source === readStamp()) return;
  console.error("Building …");
  // What was renamed or removed in src must not live on.
  rmSync(dist, { recursive: true, force: true });
  run("typescript/bin/tsc", "-p", root);
  run("vite/bin/vite.js", "build", "--config", join(root, "client/web/vite.config.ts"), "--logLevel", "warn");
  // At the same places beside dist/src as beside src.
  for (const script of filesIn("src").filter((path) => path.endsWith(".lua")))
    cpSync(join(root, script), join(dist, script));
  compileNative();
  // Last, so that a build which was broken off is done again.
  writeFileSync(stamp, source);
}

/** What is in C is not needed: without a compiler, or on another system, the service does by itself what that does faster. */
function compileNative() {
  if (process.platform !== "linux") return;
  mkdirSync(join(dist, "native"));
  const [source, object] = [join(root, "src/runtime/write-each.c"), join(dist, "native/write-each.node")];
  const flags = [
    "-O2",
    "-Wall",
    "-Wextra",
    "-fPIC",
    "-shared",
    `-I${join(root, "node_modules/node-api-headers/include")}`,
  ];
  const { status, error } = spawnSync("cc", [...flags, "-o", object, source], { stdio: ["ignore", 2, 2] });
  if (status !== 0)
    console.error(`Building without what is in C, which is slower${error ? `: ${error.message}` : ""}.`);
}

/** What it prints goes to standard error: the output is that of whatever was built. */
function run(program, ...args) {
  const argv = [join(root, "node_modules", program), ...args];
  const { status, error } = spawnSync(process.execPath, argv, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  console.error(`Building failed${error ? `: ${error.message}` : ""}.`);
  process.exit(status ?? 1);
}

function filesIn(path) {
  const entries = readdirOrFile(join(root, path));
  if (!entries) return [path];
  return entries.flatMap((entry) => filesIn(`${path}/${entry}`));
}

/** A folder's entries in a fixed order; nothing for a file. */
function readdirOrFile(path) {
  try {
    return readdirSync(path).toSorted();
  } catch (error) {
    if (error.code === "ENOTDIR") return undefined;
    throw error;
  }
}

function digest(paths) {
  const hash = createHash("sha256");
  for (const path of paths)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  return hash.digest("hex");
}

function readStamp() {
  try {
    return readFileSync(stamp, "utf8");
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
