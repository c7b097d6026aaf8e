import type { Socket } from "socket.io-client";
import type { Clock } from "../clock.ts";
import type { chat } from "../namespaces/chat/contract.ts";
import type { ClientToServer, ServerToClient } from "../protocol/contract.ts";
import type { Failure } from "../protocol/errors.ts";

export type ChatSocket = Socket<ServerToClient<typeof chat>, ClientToServer<typeof chat>>;

/** How long an answer is waited for before the same is asked again. */
const ACK_TIMEOUT_MS = 10_000;
/** The pause before another try, where the refusal names none. */
const RETRY_MS = 1000;

export interface OutboxOptions {
  readonly room: string;
  readonly clock: Clock;
  readonly newId: () => string;
  /** The server will not take this message. */
  readonly refused: (text: string, failure: Failure) => void;
  /** Everything was acknowledged or refused. */
  readonly emptied: () => void;
}

/** Messages that are on their way, each until the server has answered for good. */
export interface Outbox {
  readonly size: number;
  add(text: string): void;
  /** Sends what waits. To be called once the connection stands, and after each that follows. */
  flush(): void;
}

/**
 * Sends one after the other, so that they are stored in the order in which they were written; and under an id of their
 * own, so that one whose acknowledgement was lost is not stored twice.
 */
export function createOutbox(socket: ChatSocket, { room, clock, newId, refused, emptied }: OutboxOptions): Outbox {
  const waiting: { readonly id: string; readonly text: string }[] = [];
  let busy = false;

  const flush = () => {
    const [first] = waiting;
    if (!first || busy || !socket.connected) return;
    busy = true;
    socket.timeout(ACK_TIMEOUT_MS).emit("message:send", { ...first, room }, (error, ack) => {
      if (error) resume();
      else if (ack.ok) done();
      else if (ack.error.retryable) clock.after(ack.error.retryAfterMs ?? RETRY_MS, resume);
      else {
        refused(first.text, ack.error);
        done();
      }
    });
  };

  const done = () => {
    waiting.shift();
    if (waiting.length === 0) emptied();
    resume();
  };

  const resume = () => {
    busy = false;
    flush();
  };

  return {
    get size() {
      return waiting.length;
    },
    add(text) {
      waiting.push({ id: newId(), text });
      flush();
    },
    flush,
  };
}
