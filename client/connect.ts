import { Manager, type ManagerOptions } from "socket.io-client";
import type { chat as chatContract } from "../src/namespaces/chat/contract.ts";
import type { Contract } from "../src/protocol/contract.ts";
import type { Failure } from "../src/protocol/errors.ts";
import { type Channel, type ChannelSnapshot, createChannel, type Status } from "./channel.ts";
import { type Chat, createChat } from "./chat/index.ts";
import type { Shelf } from "./chat/outbox-storage.ts";
import { createLive, type Live } from "./live.ts";
import type { Part } from "./part.ts";
import { followServer } from "./reconnect.ts";
import { createTokens, type TokenSource } from "./token.ts";

/** Where to connect, as whom, and what to keep. All of it may be left out. */
export interface ConnectOptions {
  /** Where Carillon is: `https://example.org`; in a browser, where the page comes from unless it is given. */
  readonly url?: string;
  /** Who one is. A function is asked again before its token runs out, and when one is not taken. */
  readonly token?: TokenSource;
  /** Keeps messages that were not yet sent, over reloads and restarts: `keptIn(localStorage)`, say. */
  readonly storage?: (user: string) => Shelf;
  /** Milliseconds that an answer may take; 10,000 unless given. */
  readonly timeoutMs?: number;
  /** Where the server has renamed its namespaces. */
  readonly namespaces?: { readonly [name in Part<Contract, unknown>["name"]]?: string };
  /** For the stock client underneath: `path`, `transports`, delays of reconnection, and so on. */
  readonly socket?: Partial<ManagerOptions>;
}

/**
 * One connection to Carillon, over which all of its parts go: the chat, which comes with it and is connected when it is first looked at, and
 * those that are added by `use`. Whatever cuts it, the connection comes back by itself, and every part goes on where it was; as a live value it
 * says how it is.
 */
export interface Connection extends Live<ChannelSnapshot> {
  /** Connected when it is first looked at; offline, as soon as it can be. */
  readonly chat: Chat;
  /** Adds a part, and connects it: `use(notify)`, `use(monitor)`. The same object each time. Offline: connected as soon as it can be. */
  use<C extends Contract, T>(part: Part<C, T>): T;
  /** Tries again what was refused for good: after another sign-in, say. Offline there is nothing to do: it is tried anyway. */
  reconnect(): void;
  /** Ends all of it, for good, also offline. Messages that were not yet sent stay in the storage, where there is one. */
  close(): void;
}

const TIMEOUT_MS = 10_000;

/** Connects. Nothing is awaited, and nothing thrown where the server is out: the connection is tried until it stands. */
export function connect(options: ConnectOptions = {}): Connection {
  const manager = new Manager(options.url, { ...options.socket, autoConnect: false });
  const tokens = createTokens(options.token);
  const channels: Channel[] = [];
  const opened = new Map<object, unknown>();
  let isClosed = false;
  /** As the best of them is: one part may be refused, as to somebody without its role, while the others are open. */
  const getSnapshot = () => {
    const all = channels.map((channel) => channel.getSnapshot());
    return BEST_FIRST.flatMap((best) => all.filter(({ status }) => status === best))[0] ?? CONNECTING;
  };
  const { subscribe, changed } = createLive(getSnapshot);
  const closing = followServer(manager);
  const chat: Part<typeof chatContract, Chat> = {
    name: "chat",
    open: (channel) => createChat(channel, options.storage),
  };

  function use<C extends Contract, T>(part: Part<C, T>): T {
    if (!opened.has(part)) {
      const namespace = options.namespaces?.[part.name] ?? `/${part.name}`;
      const channel: Channel = createChannel(manager, namespace, tokens, options.timeoutMs ?? TIMEOUT_MS);
      channels.push(channel);
      channel.on("session:closing", (failure) => closing(failure as Failure));
      if (isClosed) channel.close();
      else channel.socket.connect();
      channel.subscribe(changed);
      changed();
      opened.set(part, part.open(channel));
    }
    return opened.get(part) as T;
  }

  return {
    // Not the one that comes with `subscribe`, which hears of a change only when its turn is over.
    getSnapshot,
    subscribe,
    get chat() {
      return use(chat);
    },
    use,
    reconnect() {
      for (const channel of channels) channel.reconnect();
    },
    close() {
      isClosed = true;
      tokens.stop();
      for (const channel of channels) channel.close();
    },
  };
}

const CONNECTING: ChannelSnapshot = { status: "connecting" };
const BEST_FIRST: readonly Status[] = ["open", "offline", "connecting", "refused", "closed"];
