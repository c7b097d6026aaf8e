import type { Writable } from "node:stream";
import type { Client } from "./clients.ts";

const corked = new WeakSet<Writable>();

/**
 * What is sent to a Redis in the rest of this turn of the event loop leaves in one write at its end, without a timer: each write wakes Redis
 * up, and costs more than the command that is in it. Commands to a Cluster leave one by one, as they are sent to several nodes.
 */
export function gatherTurn(client: Client): void {
  const { stream } = client as { readonly stream?: Writable };
  if (!stream || corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  setImmediate(() => {
    corked.delete(stream);
    stream.uncork();
  });
}
