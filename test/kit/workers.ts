import { randomBytes } from "node:crypto";
import type { CarillonOptions } from "../../src/options.ts";
import { startServer, type TestServer } from "./server.ts";

/** Several Carillons in this process that share a Redis, as the workers of a cluster do; each on a port of its own. */
export interface Workers extends AsyncDisposable {
  readonly all: readonly TestServer[];
  /** The first two: most claims are about one worker and another. */
  readonly here: TestServer;
  readonly there: TestServer;
  /** Before their keys and channels. */
  readonly prefix: string;
}

/** Starts them under a prefix that nobody else has. */
export async function startWorkers(url: string, options: CarillonOptions = {}, count = 2): Promise<Workers> {
  const prefix = `test-${randomBytes(4).toString("hex")}`;
  const all: TestServer[] = [];
  for (let left = count; left > 0; left--) all.push(await startServer({ redis: { url, prefix }, ...options }));
  const [here, there = here] = all;
  if (!here || !there) throw new RangeError("There has to be a worker");
  return {
    all,
    here,
    there,
    prefix,
    async [Symbol.asyncDispose]() {
      for (const worker of all) await worker[Symbol.asyncDispose]();
    },
  };
}
