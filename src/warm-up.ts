import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { io } from "socket.io-client";
import { signToken } from "./auth/token.ts";
import { systemClock } from "./clock.ts";
import { compileSooner } from "./compiler.ts";
import type { CarillonOptions } from "./options.ts";
import { createCarillon } from "./server.ts";

/** As many as talk in one room, each over a connection of its own. */
const CLIENTS = 5;

/**
 * Messages of a client between its coming and its going, and how many of them are on their way at once. Few, so that many come: a worker
 * has least time for code that is not compiled when thousands come back to it.
 */
const MESSAGES = 8;
const AT_ONCE = 4;

/** No start waits longer for an answer that does not come. */
const ANSWER_MS = 5_000;

const ROOM = "warm-up";
const TEXT = "~".repeat(120);
const UNLIMITED = { perSec: 0, burst: 1 };

/**
 * Lets clients come, talk and go for so many milliseconds, in a Carillon of their own that nobody else sees: in memory, on the loopback.
 * V8 compiles what it has seen running; without this, the first of a worker's real clients would wait for that.
 */
export async function warmUp(
  ms: number,
  { fanOut, intake }: Pick<CarillonOptions, "fanOut" | "intake">,
): Promise<void> {
  if (ms === 0) return;
  const secret = randomBytes(32).toString("base64url");
  const http = createServer();
  const carillon = createCarillon({
    server: http,
    auth: { secret },
    roomAccess: "open",
    web: false,
    rate: UNLIMITED,
    connects: UNLIMITED,
    ...(fanOut && { fanOut }),
    ...(intake && { intake }),
  });
  const asUsual = compileSooner();
  try {
    // In a cluster of processes, a port of its own: others would share it.
    const where = { host: "127.0.0.1", port: 0, exclusive: true };
    await new Promise<void>((resolve, reject) => http.once("error", reject).listen(where, resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/chat`;
    const until = performance.now() + ms;
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, index) => keepVisiting(url, secret, `visitor-${index}`, until)),
    );
  } finally {
    asUsual();
    await carillon.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
}

async function keepVisiting(url: string, secret: string, sub: string, until: number): Promise<void> {
  const { token } = await signToken(secret, { sub }, { ttlSec: 3_600, clock: systemClock });
  for (let visit = 0; performance.now() < until; visit++) await talk(url, token, `${sub}-${visit}`, until);
}

/** One visit of one client. */
async function talk(url: string, token: string, visit: string, until: number): Promise<void> {
  const socket = io(url, {
    auth: { token },
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    timeout: ANSWER_MS,
  });
  const ask = (request: string, input: object) => socket.timeout(ANSWER_MS).emitWithAck(request, input);
  try {
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
    await ask("room:join", { room: ROOM });
    let sent = 0;
    const send = async () => {
      while (sent < MESSAGES && performance.now() < until)
        await ask("message:send", { room: ROOM, id: `${visit}-${sent++}`, text: TEXT });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    await ask("history:read", { room: ROOM });
  } finally {
    socket.disconnect();
  }
}
