import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { HEADER_SETS, type HeaderSet, type HeaderSetName } from "./headers.ts";
import type { Message } from "./message.ts";

/** As many as browsers open to one host over HTTP/1.1. */
const MAX_CONNECTIONS = 6;

/** A page in a browser, as far as its requests go: the same headers, connections kept alive, no more of them than a browser has. */
export interface Page {
  readonly origin: string;
  readonly headers: HeaderSet;
  readonly agent: Agent;
  /** Resolves when the answer begins. */
  get(path: string, headers: HeaderSet["get"]): Promise<IncomingMessage>;
  /** Resolves when it is answered. */
  post(path: string, message: Message): Promise<void>;
}

/** @throws {Error} from its requests, when the answer says that something failed */
export function openPage(origin: string, headerSet: HeaderSetName): Page {
  const headers = HEADER_SETS[headerSet](origin);
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, scheduling: "lifo" });

  async function ask(method: string, path: string, own: HeaderSet["get"], body?: string): Promise<IncomingMessage> {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const asked = request(`${origin}${path}`, { method, agent, headers: { ...own, ...length } });
    asked.end(body);
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    if (response.statusCode !== 200 && response.statusCode !== 204) {
      throw new Error(`${method} ${path} was answered with ${response.statusCode}`);
    }
    return response;
  }

  return {
    origin,
    headers,
    agent,
    get: (path, own) => ask("GET", path, own),
    async post(path, message) {
      await text(await ask("POST", path, headers.post, JSON.stringify(message)));
    },
  };
}
