import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readEnvironment } from "../report/environment.ts";
import { REPOSITORY } from "../repository.ts";

const PACKAGES = ["socket.io", "engine.io", "socket.io-client", "engine.io-client", "ws"];

/** What the figures depend on, by name. */
export function environment(): Readonly<Record<string, string>> {
  const { commit, kernel, cpu, cores } = readEnvironment();
  const versions = PACKAGES.map((name) => {
    const manifest = readFileSync(join(REPOSITORY, "node_modules", name, "package.json"), "utf8");
    return [name, (JSON.parse(manifest) as { version: string }).version] as const;
  });
  return { commit, Node: process.version, ...Object.fromEntries(versions), kernel, CPU: `${cpu} (${cores} cores)` };
}
