import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Message } from "../message.ts";
import type { Page } from "../page.ts";
import { type Receive, type Way, HEARTBEAT_MS } from "../way.ts";
import { NO_STORE, PATH, poster, takePosted } from "./posting.ts";

const COMMENT = ":\n\n";

/** One answer that does not end. */
export const serverSentEvents: Way = {
  name: "Server-sent events",
  how: "one GET whose answer goes on, an event for each message; a POST for each message",
  serve,
  connect,
};

function serve(http: Server, receive: Receive) {
  let stream: ServerResponse | undefined;
  http.on("request", (request, response) => {
    if (request.method === "POST") {
      takePosted(request, response, receive).catch((why: Error) => response.destroy(why));
    } else {
      stream = begin(response);
    }
  });
  return {
    send(message: Message) {
      if (!stream) throw new Error("Nobody listens.");
      stream.write(`id: ${message.number}\ndata: ${JSON.stringify(message)}\n\n`);
    },
  };
}

function begin(response: ServerResponse): ServerResponse {
  response.writeHead(200, { ...NO_STORE, "Content-Type": "text/event-stream" }).flushHeaders();
  const beat = setInterval(() => response.write(COMMENT), HEARTBEAT_MS);
  return response.on("close", () => clearInterval(beat));
}

async function connect(page: Page, receive: Receive, lost: (why: Error) => void) {
  const stream = await page.get(PATH, page.headers.stream);
  listen(stream, receive).then(() => lost(new Error("The stream has ended.")), lost);
  return poster(page, lost);
}

/** As an `EventSource` does, as far as this server makes use of it. */
async function listen(stream: IncomingMessage, receive: Receive): Promise<void> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8") as AsyncIterable<string>) {
    const events = (rest + chunk).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) receive(JSON.parse(data) as Message);
    }
  }
}
