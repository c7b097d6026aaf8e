import { createHook } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

const PATH = "/socket.io/?EIO=4&transport=";

/** Shakes hands by polling, and gives the session id back. */
export async function handshake(url: string): Promise<string> {
  const response = await fetch(`${url}${PATH}polling`);
  return (JSON.parse((await response.text()).slice(1)) as { sid: string }).sid;
}

/** One polling request of a session, at whichever worker. */
export const poll = (url: string, sid: string, init: RequestInit = {}) => fetch(url + pollPath(sid), init);

export const send = (url: string, sid: string, body: string) => poll(url, sid, { method: "POST", body });

export const pollPath = (sid: string) => `${PATH}polling&sid=${sid}`;

/** A polling request as it is written. */
export const pollRequest = (sid: string, headers: readonly string[] = []) => [
  `GET ${pollPath(sid)} HTTP/1.1`,
  "Host: carillon",
  "Connection: close",
  ...headers,
];

/** An upgrade of a session to websocket as it is written. */
export const upgradeRequest = (sid: string, headers: readonly string[] = []) => [
  `GET ${PATH}websocket&sid=${sid} HTTP/1.1`,
  "Host: carillon",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
  ...headers,
];

/** All that a server writes to a connection on which one request is made, until it closes it; but not when. */
export async function rawAnswer(url: string, lines: readonly string[], body = ""): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write([...lines, "", body].join("\r\n"));
  return (await text(socket)).replace(/^Date: .*\r\n/m, "");
}

/** Counts what this process connects to, and asks of its file system, while some work is done. */
export async function watchAccess(work: () => Promise<void>): Promise<{ connections: number; files: number }> {
  let connections = 0;
  let files = 0;
  const connecting = () => connections++;
  const hook = createHook({ init: (_id, type) => void (type.startsWith("FSREQ") && files++) }).enable();
  subscribe("net.client.socket", connecting);
  try {
    await work();
  } finally {
    unsubscribe("net.client.socket", connecting);
    hook.disable();
  }
  return { connections, files };
}
