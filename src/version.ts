import { readFileSync } from "node:fs";

// Beside `src`, or one further up from what is built of it.
const manifest = new URL(
  import.meta.url.includes("/dist/") ? "../../package.json" : "../package.json",
  import.meta.url,
);

/** The version of this package. */
export const VERSION = (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
