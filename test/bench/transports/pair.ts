import { fork } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Distance } from "./distance.ts";
import type { HeaderSetName } from "./headers.ts";
import { Subordinate } from "./orders.ts";
import type { Traffic } from "./traffic.ts";
import type { Way } from "./way.ts";

/** Between the two ends. */
export interface Setting {
  /** 0: both on the loopback, with nothing in between. */
  readonly roundTripMs: number;
  readonly headers: HeaderSetName;
}

/** A server and a client that are connected by one of the ways, each in its own process. */
export interface Pair extends AsyncDisposable {
  readonly server: Subordinate;
  readonly client: Subordinate;
  /** What connecting took. */
  readonly connecting: Traffic;
  /** Waits until what is still on its way when all messages are there has come as well. */
  quiet(): Promise<void>;
}

const REST_MS = 50;

/** @throws {Error} when one of the two ends before they are connected */
export async function connectPair({ name }: Way, { roundTripMs, headers }: Setting): Promise<Pair> {
  const opened: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(one: T): T => (opened.push(one), one);
  const close = async () => {
    for (const one of opened.toReversed()) await one[Symbol.asyncDispose]();
  };
  const quiet = () => setTimeout(REST_MS + 2 * roundTripMs);
  try {
    const server = keep(start("server", name));
    let port = Number(await server.ready);
    if (roundTripMs > 0) ({ port } = keep(await Distance.to(port, roundTripMs)));
    const client = keep(startClient(name, `http://127.0.0.1:${port}`, headers));
    await client.ready;
    await quiet();
    const connecting = await server.tell("traffic");
    return { server, client, connecting, quiet, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The client of the way of this name, which is ready when it is connected. */
export function startClient(name: string, origin: string, headers: HeaderSetName): Subordinate {
  return start("client", name, origin, headers);
}

/** They run as this file does: compiled where it is, as they are written where it is not. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));

function start(end: "server" | "client", ...args: readonly string[]): Subordinate {
  const file = fileURLToPath(new URL(`${end}${EXTENSION}`, import.meta.url));
  const { DEBUG: _, ...env } = process.env;
  return new Subordinate(fork(file, args, { env: { ...env, NODE_ENV: "production" } }), `${end} of ${args[0]}`);
}
