import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensurePrograms } from "./programs.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

ensureInstalled();
if (!ensurePrograms([{ binary: "chromium", package: "chromium" }], "Taking screenshots")) process.exit(1);
build();
const child = spawn(process.execPath, ["--import", "tsx", "test/browser/screenshots.ts"], {
  cwd: root,
  stdio: "inherit",
});
child.on("exit", (code) => (process.exitCode = code ?? 1));
