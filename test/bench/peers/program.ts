import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { REPOSITORY } from "../repository.ts";

/** What is measured runs compiled, from `.bench/`; tests run the sources. */
const isSource = extname(import.meta.url) === ".ts";

const LOADER = isSource ? ["--import", import.meta.resolve("tsx")] : [];

const moduleHere = (name: string) => new URL(`${name}${extname(import.meta.url)}`, import.meta.url);

/** Arguments of `node` for a module of this folder. */
export const programOf = (name: string): readonly string[] => [...LOADER, fileURLToPath(moduleHere(name))];

/** Arguments of `node`, to stand before those of a program, for a module of this folder that runs first. */
export const preloadOf = (name: string): readonly string[] => [...LOADER, "--import", moduleHere(name).href];

/** Carillon as it is delivered; in tests, as it stands in the sources. */
export const SERVICE: readonly string[] = [...LOADER, join(REPOSITORY, isSource ? "src/main.ts" : "dist/src/main.js")];

const fromPackages = createRequire(join(REPOSITORY, "test/bench/packages/package.json"));

/** Loads one of the packages that only peers need. @throws where it is not installed, or cannot run here */
export const loadPackage = (name: string): unknown => fromPackages(name);

/**
 * Why it cannot be loaded; nothing where it can. It is tried in another process: a native one sets itself up in the event loop of
 * whoever loads it.
 */
export async function whyNotLoaded(name: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(process.execPath, ["--eval", "require(process.argv[1])", fromPackages.resolve(name)]);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // The rest of either is a stack, or where Node has looked for it.
    return /^Error: .*$/m.exec(text)?.[0] ?? text.split("\n")[0];
  }
}
