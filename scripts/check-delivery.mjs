import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";

ensureInstalled();

const root = fileURLToPath(new URL("..", import.meta.url));
const args = ["--import", "tsx", "test/chaos/main.ts", ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
// Ctrl-C reaches it by itself, as one of the terminal's processes; this one stays to pass its exit code on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
