import { createServer } from "node:http";
import { expect } from "chai";
import type { Page as Tab } from "playwright-core";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { launchBrowser } from "../kit/browser.ts";
import { listening } from "../kit/http.ts";
import { eventually } from "../kit/wait.ts";
import { startClient } from "./transports/pair.ts";
import type { Way } from "./transports/way.ts";
import { serverSentEvents } from "./transports/ways/events.ts";
import { longPolling } from "./transports/ways/polling.ts";
import { socketIoPolling, socketIoWebSocket } from "./transports/ways/socket-io.ts";
import { plainWebSocket } from "./transports/ways/websocket.ts";

/** The kinds of requests that a page makes, of which each has headers of its own. */
type Kind = "GET" | "POST" | "stream" | "websocket" | "socket.io GET" | "socket.io POST" | "socket.io websocket";

/** By which way our client makes them. */
const MADE_BY: readonly (readonly [way: Way, kinds: readonly Kind[]])[] = [
  [longPolling, ["GET", "POST"]],
  [serverSentEvents, ["stream"]],
  [plainWebSocket, ["websocket"]],
  [socketIoPolling, ["socket.io GET", "socket.io POST"]],
  [socketIoWebSocket, ["socket.io websocket"]],
];

const KINDS = MADE_BY.flatMap(([, kinds]) => kinds);

/** Answers every way, and notes the first request of each kind. */
async function startRecorder() {
  const seen = new Map<Kind, readonly string[]>();
  const http = createServer((request, response) => {
    if (request.url === "/") response.writeHead(200, { "Content-Type": "text/html" }).end("<title>A page</title>");
    else if (request.headers.accept === "text/event-stream") response.writeHead(200).write(":\n\n");
    else if (!request.url?.includes("wait")) response.writeHead(204).end();
  });
  const websockets = new WebSocketServer({ noServer: true });
  const io = new Server(http, { destroyUpgrade: false });
  const note = (kind: Kind, headers: readonly string[]) => void (seen.has(kind) || seen.set(kind, headers));
  http.prependListener("upgrade", (request, socket, head) => {
    note(request.url === "/" ? "websocket" : "socket.io websocket", request.rawHeaders);
    if (request.url === "/") websockets.handleUpgrade(request, socket, head, () => {});
  });
  http.prependListener("request", ({ method, url = "", headers, rawHeaders }) => {
    const verb = method === "POST" ? "POST" : "GET";
    if (url.startsWith("/socket.io/?")) note(`socket.io ${verb}`, rawHeaders);
    else if (url.startsWith("/messages")) note(headers.accept === "text/event-stream" ? "stream" : verb, rawHeaders);
  });
  const server = await listening(http);
  return {
    url: server.url,
    /** Resolves when there was a request of each of these kinds. */
    async heard(kinds: readonly Kind[]) {
      await eventually(() => kinds.every((kind) => seen.has(kind)));
      return kinds.map((kind) => seen.get(kind) ?? []);
    },
    forget: () => seen.clear(),
    async [Symbol.asyncDispose]() {
      for (const client of websockets.clients) client.terminate();
      websockets.close();
      const closed = io.close();
      await server[Symbol.asyncDispose]();
      await closed;
    },
  };
}

const inBrowser = (tab: Tab) =>
  tab.evaluate(`(async () => {
    await fetch("/messages?after=0");
    await fetch("/messages", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    new EventSource("/messages");
    new WebSocket("ws://" + location.host + "/");
    io({ transports: ["polling"], forceNew: true });
    io({ transports: ["websocket"], forceNew: true });
  })()`);

/** Names and values, in order of the names; what differs from run to run and from version to version is left out of the values. */
function comparable(rawHeaders: readonly string[] = []): string[] {
  const lines: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    const value = rawHeaders[index + 1] ?? "";
    const varies = ["sec-websocket-key", "content-length", "sec-ch-ua"].includes(name);
    lines.push(varies ? name : `${name}: ${value.replace("Headless", "").replaceAll(/Chrome\/[\d.]+/g, "Chrome")}`);
  }
  return lines.toSorted();
}

describe("the headers of what is measured as a browser's requests", function () {
  // A browser that is not in memory any more takes its time to start.
  this.timeout(60_000);

  it("are those that Chromium sends, for each kind of request", async () => {
    await using recorder = await startRecorder();
    const made = MADE_BY.map(async ([{ name }, kinds]) => {
      await using client = startClient(name, recorder.url, "chromium");
      await client.ready;
      if (kinds.includes("POST")) await client.tell("send", { messages: 1, burst: 1, burstsPerSec: 100, seed: 1 });
      return await recorder.heard(kinds);
    });
    const ours = (await Promise.all(made)).flat();
    recorder.forget();

    const browser = await launchBrowser();
    try {
      const tab = await browser.newPage();
      await tab.goto(recorder.url);
      await tab.addScriptTag({ url: `${recorder.url}/socket.io/socket.io.min.js` });
      await inBrowser(tab);
      const theirs = await recorder.heard(KINDS);
      for (const [index, kind] of KINDS.entries()) {
        expect(comparable(ours[index]), kind).to.deep.equal(comparable(theirs[index]));
      }
    } finally {
      await browser.close();
    }
  });
});
