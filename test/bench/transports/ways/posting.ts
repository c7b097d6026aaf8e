import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import type { Message } from "../message.ts";
import type { Page } from "../page.ts";
import type { End, Receive } from "../way.ts";

/** Where messages are posted to and fetched from. */
export const PATH = "/messages";

/** Not kept by anything on the way. */
export const NO_STORE = { "Cache-Control": "no-store" };

/** How a page sends by HTTP: one POST for each message, beside each other, so that they may overtake each other. */
export function poster(page: Page, lost: (why: Error) => void): End {
  return { send: (message) => void page.post(PATH, message).catch(lost) };
}

/** Takes a message that was posted. */
export async function takePosted(request: IncomingMessage, response: ServerResponse, receive: Receive): Promise<void> {
  receive((await json(request)) as Message);
  response.writeHead(204, NO_STORE).end();
}
