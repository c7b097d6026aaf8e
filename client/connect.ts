import { Manager, type ManagerOptions } from "socket.io-client";
import type { Contract } from "../src/protocol/contract.ts";
import { type Channel, type ChannelSnapshot, openChannel, type Status } from "./channel.ts";
import { type Chat, createChat } from "./chat/index.ts";
import type { Shelf } from "./chat/outbox-storage.ts";
import { createLive, type Live } from "./live.ts";
import { createMonitor, type Monitor } from "./monitor/index.ts";
import { createNotify, type Notify } from "./notify/index.ts";
import { followServer } from "./reconnect.ts";
import { createTokens, type TokenSource } from "./token.ts";

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
  readonly namespaces?: { readonly chat?: string; readonly notify?: string; readonly monitor?: string };
  /** For the stock client underneath: `path`, `transports`, delays of reconnection, and so on. */
  readonly socket?: Partial<ManagerOptions>;
}

/**
 * One connection to Carillon, over which all three parts go. A part is connected when it is first looked at. Whatever cuts it, the
 * connection comes back by itself, and every part goes on where it was; as a live value it says how it is.
 */
export interface Connection extends Live<ChannelSnapshot> {
  readonly chat: Chat;
  readonly notify: Notify;
  readonly monitor: Monitor;
  /** Tries again what was refused for good: after another sign-in, say. Offline there is nothing to do: it is tried anyway. */
  reconnect(): void;
  /** Ends all of it, for good, also offline. Messages that were not yet sent stay in the storage, where there is one. */
  close(): void;
}

const TIMEOUT_MS = 10_000;

/** Connects. Nothing is awaited, and nothing thrown where the server is out: the connection is tried until it stands. */
export function connect(options: ConnectOptions = {}): Connection {
  const { url, token, storage, timeoutMs = TIMEOUT_MS, namespaces = {} } = options;
  const managerOptions = { ...options.socket, autoConnect: false };
  const manager = url === undefined ? new Manager(managerOptions) : new Manager(url, managerOptions);
  const tokens = createTokens(token);
  const channels = new Set<Channel>();
  let isClosed = false;
  const getSnapshot = () => summaryOf([...channels].map((channel) => channel.getSnapshot()));
  const live = createLive(getSnapshot);
  const { announced } = followServer(manager);

  function open<C extends Contract>(namespace: string): Channel<C> {
    const channel = openChannel<C>({ manager, namespace, tokens, timeoutMs, announced, isClosed });
    channels.add(channel);
    channel.subscribe(live.changed);
    live.changed();
    return channel;
  }

  let chat: Chat | undefined;
  let notify: Notify | undefined;
  let monitor: Monitor | undefined;
  return {
    // Not the one of `live`, which hears of a change only when its turn is over.
    getSnapshot,
    subscribe: live.subscribe,
    get chat() {
      return (chat ??= createChat(open(namespaces.chat ?? "/chat"), storage));
    },
    get notify() {
      return (notify ??= createNotify(open(namespaces.notify ?? "/notify")));
    },
    get monitor() {
      return (monitor ??= createMonitor(open(namespaces.monitor ?? "/monitor")));
    },
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

/** The best of them: one part may be refused, as to somebody without its role, while the others are open. */
function summaryOf(channels: readonly ChannelSnapshot[]): ChannelSnapshot {
  return channels.toSorted((one, other) => rankOf(one) - rankOf(other))[0] ?? CONNECTING;
}

function rankOf({ status }: ChannelSnapshot): number {
  return BEST_FIRST.indexOf(status);
}
