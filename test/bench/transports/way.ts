import type { Server } from "node:http";
import type { Message } from "./message.ts";
import type { Page } from "./page.ts";

/** How long a connection may be silent, which is Socket.IO's default: proxies in between cut those that are silent for longer. */
export const HEARTBEAT_MS = 25_000;

/** What is done with each message that comes. */
export type Receive = (message: Message) => void;

/** One of the two ends between which messages go. */
export interface End {
  /** Gives a message on its way and waits for nothing. Throws where the other end is not there. */
  send(message: Message): void;
}

/** A way to get messages from a server to a page, and from the page to the server. */
export interface Way {
  /** As the tables name it. */
  readonly name: string;
  /** How the two directions go, in a few words. */
  readonly how: string;
  /** Takes what comes over this server, for one page. The server is not listening yet. */
  serve(http: Server, receive: Receive): End;
  /** Resolves when messages can go in both directions. `lost` is told once that they no longer can. */
  connect(page: Page, receive: Receive, lost: (why: Error) => void): Promise<End>;
}
