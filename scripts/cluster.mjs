import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { Failure } from "./cluster/failure.mjs";
import { takeLock } from "./cluster/lock.mjs";
import place_ from "./cluster/place.cjs";
import { freePort } from "./cluster/port.mjs";
import { ensureInstalled } from "./install.mjs";

const USAGE = `node scripts/cluster.mjs start|reload|stop [--timeout <seconds>]

  start    starts WORKERS workers under PM2 behind PORT, and ends when all are ready
  reload   replaces them one by one by those of a new build
  stop     ends them, and what else was started for them

  --timeout  how long a worker may take to get ready (30)`;

/** What each needs, and where it lies: it uses what may have to be installed first. */
const COMMANDS = {
  start: async (place, options) => {
    build();
    const { start } = await import("./cluster/start.mjs");
    await start(place, options);
  },
  reload: async (place, options) => {
    const { reload } = await import("./cluster/reload.mjs");
    await reload(place, options);
  },
  stop: async (place) => {
    const { stop } = await import("./cluster/stop.mjs");
    await stop(place);
  },
};

async function main() {
  const { name, timeoutMs } = readArguments();
  if (name === "start" && Number(process.env.PORT) === 0 && process.env.PORT)
    process.env.PORT = String(await freePort());
  const place = place_.placeOf(process.env);
  ensureInstalled();
  mkdirSync(dirname(place.lock), { recursive: true, mode: 0o700 });
  const holder = takeLock(place.lock, name);
  if (holder) throw new Failure(`Something else is under way: ${holder.doing} (process ${holder.pid}).`);
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => interrupted.abort(new Failure(`Interrupted by ${signal}.`)));
  }
  await COMMANDS[name](place, { timeoutMs, signal: interrupted.signal });
}

function readArguments() {
  let read;
  try {
    read = parseArgs({ allowPositionals: true, options: { timeout: { type: "string", default: "30" } } });
  } catch (error) {
    throw new Failure(`${error.message}\n\n${USAGE}`);
  }
  const [name, ...rest] = read.positionals;
  const timeoutMs = Number(read.values.timeout) * 1_000;
  if (!Object.hasOwn(COMMANDS, name ?? "") || rest.length > 0 || !(timeoutMs > 0)) throw new Failure(USAGE);
  return { name, timeoutMs };
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error instanceof Failure ? error.message : error);
    process.exit(1);
  },
);
