import type { Socket } from "socket.io-client";
import type { z } from "zod";
import type { Ack, Contract, RequestName } from "../src/protocol/contract.ts";
import type { Failure } from "../src/protocol/errors.ts";
import type { Channel } from "./channel.ts";

const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;

/** How something stands that lasts for as long as a connection does. */
export interface Standing {
  /** `opening`: not granted yet, or there is no connection. */
  readonly status: "opening" | "live" | "refused";
  readonly failure?: Failure;
}

/** A request that is made on every connection. */
export interface Asking {
  readonly standing: Standing;
  /** It is on its way, or waits to be tried again. */
  readonly isPending: boolean;
  /** Makes it again, where there is a connection; only the newest one counts. */
  again(): void;
}

export interface AskOptions<C extends Contract, R extends RequestName<C>> {
  /** Nothing is asked while there is nothing to ask for. */
  readonly input: () => z.input<C["requests"][R]["input"]> | undefined;
  /** Called in the order of the packets: what comes after the answer is heard after it, which a promise would not give. */
  readonly answered: (data: z.output<C["requests"][R]["reply"]>) => void;
  /** The standing may be another. */
  readonly changed: () => void;
}

/**
 * Makes a request each time the namespace is opened, and again where it was refused for the moment, until it is answered. One that is refused
 * for good is tried again with the next connection.
 */
export function askWhenOpen<C extends Contract, R extends RequestName<C>>(
  channel: Channel<C>,
  name: R,
  { input, answered, changed }: AskOptions<C, R>,
): Asking {
  // Where wire meets types: a name that is a type parameter fits no overload.
  const socket = channel.socket as unknown as Socket;
  let pending: object | undefined;
  let isLive = false;
  let failure: Failure | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function ask(): void {
    clearTimeout(timer);
    failure = undefined;
    const asked = input();
    if (asked === undefined || !socket.connected) {
      pending = undefined;
      isLive = false;
      return changed();
    }
    const own = (pending = {});
    socket.timeout(ANSWER_MS).emit(name, asked, (error: unknown, ack: Ack<z.output<C["requests"][R]["reply"]>>) => {
      if (pending !== own) return;
      if (error) timer = setTimeout(ask);
      else if (ack.ok) {
        pending = undefined;
        isLive = true;
        answered(ack.data);
      } else if (ack.error.retryable) {
        timer = setTimeout(ask, (ack.error.retryAfterMs ?? RETRY_MS) * (1 + Math.random()));
      } else {
        pending = undefined;
        isLive = false;
        failure = ack.error;
      }
      changed();
    });
  }

  channel.whenOpen(ask);
  channel.subscribe(() => {
    if (channel.getSnapshot().status !== "open") {
      clearTimeout(timer);
      pending = undefined;
      isLive = false;
    }
    changed();
  });
  return {
    get standing(): Standing {
      const { status, failure: told } = channel.getSnapshot();
      const refusal = status === "refused" ? told : failure;
      if (refusal) return { status: "refused", failure: refusal };
      return { status: isLive && status === "open" ? "live" : "opening" };
    },
    get isPending() {
      return pending !== undefined;
    },
    again: ask,
  };
}
