import { clock } from "./clock.ts";
import type { Manager, Socket } from "socket.io-client";
import type { z } from "zod";
import type {
  Ack,
  ClientToServer,
  Contract,
  EventName,
  Payload,
  RequestName,
  ServerToClient,
} from "../src/protocol/contract.ts";
import type { Failure } from "../src/protocol/errors.ts";
import type { SESSION_EVENTS } from "../src/protocol/session.ts";
import { finalFailure, isUnsigned, ownError, ownFailure, RequestError } from "./failure.ts";
import { createLive, type Live } from "./live.ts";
import type { Tokens } from "./token.ts";

/** What the server tells of itself and of us when a namespace is entered. */
export type Session = z.output<(typeof SESSION_EVENTS)["session:opened"]["payload"]>;

/**
 * `connecting`: on its way. `open`: usable. `offline`: there is no connection, and it is tried again by itself. `refused`: not let in, or sent
 * away, for good; `reconnect` tries again. `closed`: by ourselves.
 */
export type Status = "connecting" | "open" | "offline" | "refused" | "closed";

/** How the connection to a namespace stands. */
export interface ChannelSnapshot {
  readonly status: Status;
  /** Of the newest session; it stays while there is no connection. */
  readonly session?: Session | undefined;
  /** Why there is none, where somebody has said so. */
  readonly failure?: Failure | undefined;
}

type Reply<C extends Contract, R extends RequestName<C>> = z.output<C["requests"][R]["reply"]>;
type Asked<C extends Contract, R extends RequestName<C>> = z.input<C["requests"][R]["input"]>;

/** One namespace over a connection, typed by its contract. */
export interface Channel<C extends Contract = Contract> extends Live<ChannelSnapshot> {
  /** The stock client's, for what is missing here. */
  readonly socket: Socket<ServerToClient<C>, ClientToServer<C>>;
  /**
   * Makes a request. Nothing waits for a connection: while there is none, this rejects at once.
   * @throws RequestError as the server says; `unavailable` while there is no connection; `timeout` where no answer came in time, or the
   * connection went before it: what came of it is unknown
   */
  request<R extends RequestName<C>>(name: R, input: Asked<C, R>): Promise<Reply<C, R>>;
  /** Hears an event. Offline it is silent, and what was missed is not told: rooms and the inbox see to that. @returns what ends it. */
  on<E extends EventName<C>>(
    event: E,
    hear: (payload: Payload<C, E>, ack?: (answer: unknown) => void) => void,
  ): () => void;
  /** Runs now if the namespace is open, and each time it is opened (again). @returns what ends it. */
  whenOpen(act: (session: Session) => void): () => void;
  /** Epoch milliseconds by the server's clock, as far as the newest session has told; by ours before there was one. Offline it goes on. */
  now(): number;
  /** Tries again after a refusal, with a fresh token where there is a source of them. Offline there is nothing to do: it is tried anyway. */
  reconnect(): void;
  /** Ends it, for good, also offline: requests that wait for their answer reject with `timeout`. */
  close(): void;
}

/** Makes a channel of a namespace. Nothing is tried before its socket is told to connect. `timeoutMs`: what an answer may take. */
export function createChannel<C extends Contract>(
  manager: Manager,
  namespace: string,
  tokens: Tokens,
  timeoutMs: number,
): Channel<C> {
  let state: ChannelSnapshot = { status: "connecting" };
  /** What the server was last asked to be let in with. */
  let shown: string | undefined;
  /** One fresh token is tried after a refusal, not one after another. */
  let hasRenewed = false;
  /** By how much the server's clock is ahead of ours. */
  let aheadMs = 0;
  const now = () => clock.now() + aheadMs;
  const { changed, ...live } = createLive(() => state);

  function move(status: Status, failure?: Failure, session = state.session): void {
    if (status === state.status && failure === state.failure && session === state.session) return;
    state = { status, session, failure };
    changed();
  }

  const socket: Socket = manager.socket(namespace, {
    auth: (give: (auth: object) => void) => {
      const { engine } = manager;
      // The source may take so long that the connection it was asked for is gone: the next one asks for itself.
      const isWanted = () => manager.engine === engine && socket.active;
      tokens.current().then(
        (token) => {
          if (isWanted()) give({ token: (shown = token) });
        },
        ({ failure }: RequestError) => {
          if (!isWanted()) return;
          move("refused", failure);
          socket.disconnect();
        },
      );
    },
  });

  /** It never leaves a request to the stock client's own buffer, which would send it whenever it can. */
  const request = (name: string, input: unknown) =>
    new Promise((resolve, reject) => {
      // After a sleep the ping is overdue, and though nobody has noticed yet, there is no connection.
      if (!socket.connected || manager.engine["_hasPingExpired"]?.()) return reject(ownError("unavailable"));
      socket.timeout(timeoutMs).emit(name, input, (error: Error | null, ack: Ack<unknown>) => {
        if (error) reject(ownError("timeout"));
        else if (ack.ok) resolve(ack.data);
        else reject(new RequestError(ack.error));
      });
    });

  function refused(failure: Failure, token?: string): void {
    if (!isUnsigned(failure) || hasRenewed || !tokens.spoil(token)) return move("refused", failure);
    hasRenewed = true;
    move("connecting", failure);
    socket.connect();
  }

  async function replace(token: string): Promise<boolean> {
    if (!socket.connected) return false;
    const { expiresAt } = (await request("token:refresh", { token })) as { expiresAt?: number };
    tokens.until(expiresAt, now(), replace);
    return true;
  }

  // Where wire meets types: what comes over it is what the contract says, or the server has a bug.
  const on = (event: string, hear: (payload: never) => void) => {
    socket.on(event, hear as () => void);
    return () => void socket.off(event, hear as () => void);
  };

  on("session:opened", (session: Session) => {
    hasRenewed = false;
    aheadMs = session.at - clock.now();
    move("open", undefined, session);
    tokens.until(session.expiresAt, session.at, replace);
  });
  on("session:closing", (failure: Failure) => move(state.status, failure));
  on("connect_error", (error: Error & { data?: Failure }) => {
    if (socket.active) move("offline", state.failure);
    // It is only then that the stock client tries no more.
    else refused(error.data ?? finalFailure("unavailable", error.message), shown);
  });
  on("disconnect", (reason: string) => {
    if (socket.active) move("offline", state.failure);
    else if (reason === "io server disconnect") refused(state.failure ?? ownFailure("unavailable"));
    else if (state.status !== "refused") move("closed");
  });

  return {
    ...live,
    socket,
    request: request as Channel<C>["request"],
    on,
    now,
    whenOpen(act) {
      if (state.status === "open") act(state.session as Session);
      return on("session:opened", act);
    },
    reconnect() {
      if (state.status !== "refused") return;
      tokens.spoil();
      hasRenewed = false;
      move("connecting");
      socket.connect();
    },
    close() {
      move("closed");
      socket.disconnect();
    },
  };
}
