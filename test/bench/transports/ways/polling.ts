import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import type { Message } from "../message.ts";
import type { Page } from "../page.ts";
import { type Receive, type Way, HEARTBEAT_MS } from "../way.ts";
import { Mailbox } from "./mailbox.ts";
import { NO_STORE, PATH, poster, takePosted } from "./posting.ts";

/** Asks every so often, and is answered at once. */
export const shortPolling = (everyMs: number): Way => ({
  name: `Short polling, ${everyMs >= 1_000 ? `${everyMs / 1_000} s` : `${everyMs} ms`}`,
  how: `GET every ${everyMs} ms, answered at once; a POST for each message`,
  serve,
  connect: (page, receive, lost) => connect(page, { waitMs: 0, everyMs }, receive, lost),
});

/** Asks, and is answered when there is something. */
export const longPolling: Way = {
  name: "Long polling",
  how: `GET, answered when there is something, or after ${HEARTBEAT_MS / 1_000} s; a POST for each message`,
  serve,
  connect: (page, receive, lost) => connect(page, { waitMs: HEARTBEAT_MS, everyMs: 0 }, receive, lost),
};

function serve(http: Server, receive: Receive) {
  const mailbox = new Mailbox();
  http.on("request", (request, response) => {
    const done =
      request.method === "POST" ? takePosted(request, response, receive) : answer(mailbox, request, response);
    done.catch((why: Error) => response.destroy(why));
  });
  return { send: (message: Message) => mailbox.put(message) };
}

async function answer(mailbox: Mailbox, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const query = new URL(request.url ?? "", "http://localhost").searchParams;
  const after = Number(query.get("after"));
  const waitMs = Number(query.get("wait"));
  let messages = mailbox.after(after);
  if (waitMs > 0) {
    await mailbox.fill(waitMs);
    messages = mailbox.after(after);
  }
  if (messages.length === 0) return void response.writeHead(204, NO_STORE).end();
  const body = JSON.stringify(messages);
  const headers = { ...NO_STORE, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  response.writeHead(200, headers).end(body);
}

interface Pace {
  /** How long the server may keep a request. */
  readonly waitMs: number;
  /** From one request to the next, unless the first is not answered yet. */
  readonly everyMs: number;
}

async function connect(page: Page, { waitMs, everyMs }: Pace, receive: Receive, lost: (why: Error) => void) {
  let taken = 0;
  async function fetchWaiting(forMs: number): Promise<void> {
    const wait = forMs > 0 ? `&wait=${forMs}` : "";
    const body = await text(await page.get(`${PATH}?after=${taken}${wait}`, page.headers.get));
    for (const message of body === "" ? [] : (JSON.parse(body) as Message[])) {
      taken++;
      receive(message);
    }
  }
  async function goOn(): Promise<never> {
    for (;;) {
      const begun = performance.now();
      await fetchWaiting(waitMs);
      const leftMs = everyMs - (performance.now() - begun);
      if (leftMs > 0) await setTimeout(leftMs);
    }
  }
  await fetchWaiting(0);
  goOn().catch(lost);
  return poster(page, lost);
}
