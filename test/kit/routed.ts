import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { type RoutingOptions, type Routing, routeSessions } from "../../src/cluster/routing/index.ts";
import { type Carillon, createCarillon } from "../../src/server.ts";
import { silent } from "../../src/logger.ts";
import { opened } from "./leaks.ts";

/** A folder of a test's own, gone at the end of its scope. */
export async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "carillon-routing-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A worker's part in routing, in this process: a port of its own, and everything in memory. */
export interface Routed extends AsyncDisposable {
  readonly worker: string;
  readonly http: Server;
  readonly url: string;
  readonly carillon: Carillon;
  readonly routing: Routing;
  /** What was counted, in order. */
  readonly counted: readonly string[];
}

/** Starts one. A token is a user's id. */
export async function startRouted(
  options: Pick<RoutingOptions, "directory"> & Partial<RoutingOptions>,
): Promise<Routed> {
  const worker = randomBytes(6).toString("hex");
  const http = createServer((_request, response) => void response.end("the host's own"));
  const carillon = createCarillon({
    server: http,
    authenticate: (token) => ({ id: String(token) }),
    roomAccess: "open",
    drainMs: 0,
    connects: { perSec: 0, burst: 1 },
    rate: { perSec: 0, burst: 1 },
  });
  const counted: string[] = [];
  const routing = await routeSessions({
    io: carillon.io,
    worker,
    clock: systemClock,
    logger: silent,
    ready: () => true,
    counted: { forwarded: (by) => counted.push(by), notForwarded: (why) => counted.push(why) },
    ...options,
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const released = opened(http, `worker ${worker}`);
  return {
    worker: options.worker ?? worker,
    http,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    carillon,
    routing,
    counted,
    async [Symbol.asyncDispose]() {
      await routing.close();
      await carillon.close();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
      released();
    },
  };
}

/** Connections by Unix sockets that this process has, each end by itself. */
export const pipes = () => process.getActiveResourcesInfo().filter((name) => name === "PipeWrap").length;
