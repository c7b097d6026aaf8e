import type { Socket } from "socket.io-client";
import type { z } from "zod";
import type { Ack, Contract, RequestName } from "../src/protocol/contract.ts";
import type { Failure } from "../src/protocol/errors.ts";
import type { Channel } from "./channel.ts";
import { after } from "./clock.ts";

const ANSWER_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 15_000;
const LEAST_RETRY_MS = 50;

/** A request that is made on every connection, and whenever there is something to ask for: one at a time. */
export interface Asking {
  /** It is on its way, or waits to be tried again. */
  readonly isPending: boolean;
  /** There is something to ask for; where a request is pending, it is made after that. */
  again(): void;
  /** Nothing is asked any more. */
  end(): void;
}

export interface AskOptions<C extends Contract, R extends RequestName<C>> {
  /** What is asked, each time it is tried; nothing, where there is nothing to ask for. */
  readonly input: () => z.input<C["requests"][R]["input"]> | undefined;
  /** Called in the order of the packets: what comes after the answer is heard after it, which a promise would not give. */
  readonly answered: (data: z.output<C["requests"][R]["reply"]>) => void;
  /** It is refused for good. */
  readonly refused?: ((failure: Failure) => void) | undefined;
}

/**
 * Makes a request over a stock socket, and makes it again where no answer comes or where it is refused for the moment: at growing distances,
 * and not before the server wants it. Offline it waits.
 */
export function askOn<C extends Contract, R extends RequestName<C>>(
  socket: Pick<Socket, "connected" | "timeout" | "on" | "off">,
  name: R,
  { input, answered, refused }: AskOptions<C, R>,
): Asking {
  /** Another one for each request. */
  let pending: object | undefined;
  let isDue = false;
  let callOff: (() => void) | undefined;
  let failures = 0;

  function next(): void {
    if (pending || !isDue || !socket.connected) return;
    isDue = false;
    const asked = input();
    if (!asked) return;
    const own = (pending = {});
    socket.timeout(ANSWER_MS).emit(name, asked, (error: unknown, ack?: Ack<z.output<C["requests"][R]["reply"]>>) => {
      if (pending !== own) return;
      const failure = ack && !ack.ok ? ack.error : undefined;
      if (error || failure?.retryable) {
        const ms = failure?.retryAfterMs ?? Math.min(FIRST_RETRY_MS * 2 ** failures++, MOST_RETRY_MS);
        callOff = after(Math.max(ms, LEAST_RETRY_MS) * (1 + Math.random()), () => {
          pending = undefined;
          again();
        });
        return;
      }
      pending = undefined;
      failures = 0;
      if (failure) refused?.(failure);
      else if (ack?.ok) answered(ack.data);
      next();
    });
  }

  function again(): void {
    isDue = true;
    next();
  }

  function stop(): void {
    callOff?.();
    pending = undefined;
    failures = 0;
  }

  socket.on("connect", again).on("disconnect", stop);
  return {
    get isPending() {
      return pending !== undefined;
    },
    again,
    end() {
      stop();
      socket.off("connect", again).off("disconnect", stop);
    },
  };
}

/** How something stands that lasts for as long as a connection does. */
export interface Standing {
  /** `opening`: not granted yet, or there is no connection. */
  readonly status: "opening" | "live" | "refused";
  readonly failure?: Failure;
}

/** A request that opens something on every connection. */
export interface Opening extends Asking {
  standing(): Standing;
}

/** Opens something over a channel. `changed`: the standing may be another. */
export function openOn<C extends Contract, R extends RequestName<C>>(
  channel: Channel<C>,
  name: R,
  { input, answered, changed }: AskOptions<C, R> & { readonly changed: () => void },
): Opening {
  let isLive = false;
  let failure: Failure | undefined;
  // Where wire meets types: a name that is a type parameter fits no overload.
  const socket = channel.socket as unknown as Socket;
  const asking = askOn<C, R>(socket, name, {
    input() {
      failure = undefined;
      return input();
    },
    answered(data) {
      isLive = true;
      answered(data);
      changed();
    },
    refused(told) {
      failure = told;
      changed();
    },
  });
  socket.on("disconnect", () => {
    isLive = false;
  });
  channel.subscribe(changed);
  asking.again();
  return Object.assign(asking, {
    standing(): Standing {
      const { status, failure: told } = channel.getSnapshot();
      const refusal = status === "refused" ? told : failure;
      if (refusal) return { status: "refused", failure: refusal };
      return { status: isLive ? "live" : "opening" };
    },
  });
}
