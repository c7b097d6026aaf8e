import cluster from "node:cluster";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import pino from "pino";
import { systemClock } from "./clock.ts";
import { type Config, ConfigError, parseConfig } from "./config.ts";
import type { CarillonOptions } from "./options.ts";
import { CarillonError, ERRORS } from "./protocol/errors.ts";
import { within } from "./deadline.ts";
import { type Carillon, createCarillon } from "./server.ts";
import { warmUp } from "./warm-up.ts";

/** How long the last HTTP answers are waited for. */
const ANSWER_MS = 500;

/** How long a primary that is busy may take to let go of its worker. */
const PARTING_MS = 1_000;

/** What is left of a drain when a client or a handler does not come to an end. */
const EXIT_GRACE_MS = 3_000;

function readConfig(): Config {
  try {
    return parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** The library never reads the environment: here its settings become options. */
function optionsOf(config: Config): CarillonOptions {
  const { trustProxy, auth, guests, roomAccess, allowedOrigins, drainMs, fanOut, intake } = config;
  const { historySize, historyTtlSec, inboxSize, maxRooms, maxFrameBytes, maxBufferBytes } = config;
  const { redis, runDir, clusterSecret, advertise } = config;
  const { apiKeys, ...keys } = auth;
  const routing = {
    directory: runDir,
    ...(clusterSecret !== undefined && { secret: clusterSecret }),
    ...(advertise !== undefined && { advertise }),
  };
  return {
    ...(redis && { redis, routing }),
    auth: keys,
    apiKeys,
    guests,
    roomAccess,
    allowedOrigins,
    drainMs,
    fanOut,
    intake,
    historySize,
    historyTtlSec,
    inboxSize,
    maxRooms,
    maxFrameBytes,
    maxBufferBytes,
    rate: { perSec: config.ratePerSec, burst: config.rateBurst },
    connects: { perSec: config.connectsPerSec, burst: config.connectsBurst },
    trustProxy: trustProxy === false ? undefined : trustProxy,
  };
}

function assemble(config: Config, logger: pino.Logger): { http: Server; carillon: Carillon } {
  const app = express().disable("x-powered-by");
  const http = createServer(app);
  const carillon = createCarillon({ ...optionsOf(config), server: http, logger });
  app.use(carillon.router);
  app.use((_request, response) => {
    response.status(ERRORS.not_found.status).json({ ok: false, error: new CarillonError("not_found").failure });
  });
  return { http, carillon };
}

/**
 * Connections that wait to be accepted. When a worker dies, thousands come back within seconds: whom Node's 511 turn away in silence tries
 * again after 1, 3, 7 and 15 s. The kernel takes no more than `net.core.somaxconn`.
 */
const BACKLOG = 4096;

async function listen(http: Server, { port, host }: Config): Promise<string> {
  const where = { port, host, backlog: BACKLOG };
  await new Promise<void>((resolve, reject) => http.once("error", reject).listen(where, resolve));
  const { address, port: bound, family } = http.address() as AddressInfo;
  const everywhere = address === "0.0.0.0" || address === "::";
  return `http://${everywhere || address === "127.0.0.1" ? "localhost" : family === "IPv6" ? `[${address}]` : address}:${bound}`;
}

/**
 * The primary of a cluster takes the connections, and hands them over one by one. What it hands to a process that ends before it has read
 * that is kept open for ever, and answered by nobody: so the two part first, and what was on its way goes to another worker.
 */
async function partFromPrimary(): Promise<void> {
  const { worker } = cluster;
  if (!worker?.isConnected()) return;
  const parted = once(process, "disconnect");
  worker.disconnect();
  await within(systemClock, PARTING_MS, () => parted).catch(() => {});
}

async function main(): Promise<void> {
  const config = readConfig();
  const logger = pino({ level: config.logLevel });
  const { http, carillon } = assemble(config, logger);

  let leaving = false;
  async function leave(code: number): Promise<void> {
    // The second signal is an impatient one.
    if (leaving) process.exit(code || 1);
    leaving = true;
    setTimeout(() => process.exit(code), config.drainMs + EXIT_GRACE_MS).unref();
    const answered = new Promise<void>((resolve) => http.close(() => resolve()));
    await carillon.drain();
    await carillon.close();
    // What was asked over HTTP is answered, if it takes no longer than this.
    http.closeIdleConnections();
    await within(systemClock, ANSWER_MS, () => answered).catch(() => {});
    logger.info({}, "carillon has left");
    await partFromPrimary();
    process.exit(code);
  }

  process.on("SIGINT", () => void leave(0));
  process.on("SIGTERM", () => void leave(0));
  // What nobody awaits may have left anything half done: it ends the process, under every process manager alike.
  process.on("unhandledRejection", (error) => {
    logger.fatal({ err: error }, "unhandled rejection");
    void leave(1);
  });
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "uncaught exception");
    process.exit(1);
  });

  await carillon.opened;
  await warmUp(config.warmUpMs, config).catch((error: unknown) => logger.warn({ err: error }, "it could not warm up"));
  const url = await listen(http, config);
  if (!carillon.isReady()) logger.warn({ url }, "carillon is up, and waits for Redis");
  await carillon.ready;
  if (config.production || !config.guests || config.redis) logger.info({ url }, "carillon is ready");
  else process.stdout.write(`\n  Carillon is ready: ${url}\n  Guests are let in; everything is kept in memory.\n\n`);
  process.send?.("ready");
}

main().catch((error: unknown) => {
  process.stderr.write(`Carillon could not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
