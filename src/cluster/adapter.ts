import { EventEmitter } from "node:events";
import { createShardedAdapter } from "@socket.io/redis-adapter";
import type { Namespace } from "socket.io";
import type { Logger } from "../logger.ts";
import { AdapterChannels, type ChannelsOptions } from "./adapter-channels.ts";
import { isRequest, isResponse, MESSAGE } from "./adapter-messages.ts";

/** Of what workers tell each other. Those of another version are on other channels, and neither hears the other. */
const VERSION = 1;

export interface AdapterOptions extends ChannelsOptions {
  readonly logger: Logger;
  readonly counted: {
    /** Something was published that no adapter has sent. */
    decodeError(): void;
  };
}

/** A namespace's part in the cluster. */
export interface Membership {
  /** Resolves when it hears the other workers for the first time. */
  readonly ready: Promise<void>;
  /** Hears and tells nothing any more. */
  leave(): void;
}

type Adapter = Namespace["adapter"];
type Target = Parameters<Adapter["broadcast"]>[1];
type Packet = { readonly type: number; readonly data: unknown };
type Message = { readonly type: number; readonly data: { readonly requestId?: string; readonly opts?: EncodedTarget } };
type EncodedTarget = ReturnType<typeof encodeTarget>;

/** What we reach into of @socket.io/redis-adapter 8.3 and of socket.io-adapter 2.5, whose types keep it private. */
interface Internals {
  readonly uid: string;
  readonly channel: string;
  onMessage(message: unknown): void;
  onResponse(response: unknown): void;
  publish(message: { type: number; data: object }): void;
  publishResponse(to: string, response: Message): void;
  computeChannel(message: Message): string;
  dynamicChannel(room: string): string;
  serverSideEmit(packet: unknown[]): Promise<unknown>;
}

const FIELDS = {
  uid: "string",
  channel: "string",
  onMessage: "function",
  onResponse: "function",
  publish: "function",
  publishResponse: "function",
  computeChannel: "function",
  dynamicChannel: "function",
  serverSideEmit: "function",
} as const satisfies Record<keyof Internals, string>;

/**
 * Lets what is emitted in a namespace by Socket.IO's own means (`to(room).emit(…)`, `socketsJoin`, `serverSideEmit`, …) reach the
 * sockets of the other workers: through Redis, at most once, and not at all while Redis is out. This worker's own sockets hear it in
 * the same turn and in the order of the program, whatever Redis does. A namespace whose host has already clustered it stays as it is.
 */
export function joinCluster(namespace: Namespace, options: AdapterOptions): Membership {
  const { link, logger } = options;
  if (inMemory(namespace.adapter) !== Object.getPrototypeOf(namespace.adapter)) {
    logger.info({ namespace: namespace.name }, "the namespace keeps the adapter that its host has given it");
    return { ready: Promise.resolve(), leave() {} };
  }
  const channels = new AdapterChannels(options);
  const guard = new Guard(namespace, options);
  const guarded = {
    sSubscribe: (channel: string, handler: (payload: Buffer, channel: string) => void) =>
      channels.sSubscribe(channel, (payload) => guard.hear(() => handler(payload, channel))),
    sUnsubscribe: (channel: string) => channels.sUnsubscribe(channel),
  };
  const adapter = createShardedAdapter(channels, guarded, {
    channelPrefix: `${link.prefix}:io${VERSION}`,
    subscriptionMode: "dynamic",
  })(namespace);
  const internals = adapter as unknown as Internals;
  const missing = missingInternals(internals);
  const local = inMemory(adapter);
  if (missing.length > 0 || !local) {
    logger.warn({ missing }, "this Socket.IO adapter is not one that we know: it is used as it is");
  } else {
    guard.watch(internals);
    hideSecrets(internals, logger);
    deliverLocallyFirst(adapter, local, internals, channels, logger);
  }
  namespace.adapter = adapter;
  return { ready: channels.ready, leave: () => channels.close() };
}

/** The fields that another version of the adapter keeps elsewhere. */
const missingInternals = (internals: Internals): string[] =>
  Object.entries(FIELDS).flatMap(([name, type]) => (typeof internals[name as keyof Internals] === type ? [] : [name]));

/** The methods of Socket.IO's adapter for one process, from which those of clusters inherit. */
function inMemory(adapter: Adapter): Adapter | undefined {
  const parent = Object.getPrototypeOf(adapter) as Adapter | null;
  if (parent === null) return undefined;
  return Object.getPrototypeOf(parent) === EventEmitter.prototype ? parent : inMemory(parent);
}

/** Stands before an adapter: whoever can publish on Redis must not be able to end the process. */
class Guard {
  readonly #namespace: string;
  readonly #options: AdapterOptions;
  #watching = false;
  #understood = false;
  #warned = false;

  constructor({ name }: Namespace, options: AdapterOptions) {
    this.#namespace = name;
    this.#options = options;
  }

  /** Checks all that comes to the adapter's methods. */
  watch(adapter: Internals): void {
    this.#watching = true;
    for (const [method, isValid] of [
      ["onMessage", isRequest],
      ["onResponse", isResponse],
    ] as const) {
      const stock = adapter[method].bind(adapter);
      adapter[method] = (message) => {
        // What is published to all comes back to its sender.
        this.#understood = isFrom(adapter.uid, message) || isValid(message, this.#namespace);
        if (this.#understood) stock(message);
      };
    }
  }

  /** Hands one payload to the adapter, which drops in silence what it cannot decode. */
  hear(deliver: () => void): void {
    this.#understood = !this.#watching;
    try {
      deliver();
    } catch (error) {
      return this.#refuse({ err: error });
    }
    if (!this.#understood) this.#refuse({});
  }

  #refuse(fields: object): void {
    const { counted, logger } = this.#options;
    counted.decodeError();
    logger[this.#warned ? "debug" : "warn"](
      { ...fields, namespace: this.#namespace },
      "what was published on a channel of the adapter could not be taken",
    );
    this.#warned = true;
  }
}

const isFrom = (uid: string, message: unknown) => (message as { uid?: unknown } | null)?.uid === uid;

/** Answers of `fetchSockets` go to whoever asks: without the tokens and cookies with which sockets have come. */
function hideSecrets(adapter: Internals, logger: Logger): void {
  const stock = adapter.publishResponse.bind(adapter);
  adapter.publishResponse = (to, response) => {
    try {
      stock(to, withoutSecrets(response));
    } catch (error) {
      // It is called where nothing would catch it: a `socket.data` may hold what JSON cannot.
      logger.warn({ err: error }, "another worker was not answered");
    }
  };
}

function withoutSecrets(response: Message): Message {
  if (response.type !== MESSAGE.socketsFetched) return response;
  const { sockets } = response.data as unknown as { sockets: { handshake: object }[] };
  const told = sockets.map((socket) => ({
    ...socket,
    handshake: { ...socket.handshake, headers: {}, auth: {}, query: {}, url: "" },
  }));
  return { ...response, data: { ...response.data, sockets: told } as Message["data"] };
}

/**
 * The stock adapter waits for Redis before this worker's own sockets hear anything, so that `io.to(room).emit("a")` comes after a
 * later `socket.emit("b")`, misses who leaves in the same turn, and stands still with Redis.
 */
function deliverLocallyFirst(
  adapter: Adapter,
  local: Adapter,
  internals: Internals,
  channels: AdapterChannels,
  logger: Logger,
): void {
  const tell = (target: Target, type: number, data: object) => {
    if (!target.flags?.local) internals.publish({ type, data: { ...data, opts: encodeTarget(target) } });
  };
  const stockChannel = internals.computeChannel.bind(adapter);
  const stockEmit = internals.serverSideEmit.bind(adapter);

  adapter.broadcast = ({ type, data }: Packet, target) => {
    tell(target, MESSAGE.broadcast, { packet: { type, data } });
    local.broadcast.call(adapter, { type, data }, target);
  };
  adapter.addSockets = (target, rooms) => {
    tell(target, MESSAGE.join, { rooms });
    local.addSockets.call(adapter, target, rooms);
  };
  adapter.delSockets = (target, rooms) => {
    tell(target, MESSAGE.leave, { rooms });
    local.delSockets.call(adapter, target, rooms);
  };
  adapter.disconnectSockets = (target, close) => {
    tell(target, MESSAGE.disconnect, { close });
    local.disconnectSockets.call(adapter, target, close);
  };
  // So that `await socket.join(room)` means: whatever is emitted from now on, on any worker, is heard.
  adapter.addAll = (id, rooms) => {
    void local.addAll.call(adapter, id, rooms);
    const pending = [...rooms].flatMap((room) => channels.settled(internals.dynamicChannel(room)) ?? []);
    if (pending.length > 0) return Promise.all(pending).then(() => {});
  };
  internals.computeChannel = (message) => {
    const { opts, requestId } = message.data;
    const [room = "", ...others] = opts?.rooms ?? [];
    // Any name of twenty characters passes for a socket's id otherwise, and goes to every worker.
    const isRoom = room.includes(":") && others.length === 0 && requestId === undefined;
    return message.type === MESSAGE.broadcast && isRoom ? internals.dynamicChannel(room) : stockChannel(message);
  };
  // Its promise is dropped by Socket.IO.
  internals.serverSideEmit = (packet) =>
    stockEmit(packet).catch((error: unknown) => logger.warn({ err: error }, "a server-side event was not sent"));
}

function encodeTarget({ rooms, except = new Set(), flags = {} }: Target) {
  return { rooms: [...rooms], except: [...except], flags };
}
