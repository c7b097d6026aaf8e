import type { Socket } from "socket.io";

/** How requests come in. */
export const INTAKES = ["stock", "direct"] as const;

/** What we reach into of Socket.IO 4.8, whose types keep it private: what a client's packets are decoded by, and its sockets by namespace. */
interface Internals {
  readonly decoder?: Partial<Decoder>;
  readonly nsps?: Sockets;
}

interface Decoder {
  add(packet: unknown): void;
  decodeString(packet: string): { readonly id?: number; readonly data?: unknown[] };
  /** There while an event waits for its binary data. */
  readonly reconstructor?: unknown;
}

type Sockets = ReadonlyMap<string, Socket>;

interface SocketInternals {
  readonly fns?: readonly unknown[];
  ack?(id: number): unknown;
}

/** Whoever takes a socket's events: what each was sent with, and then the function that acknowledges it, where that is asked for. */
interface Taker {
  take(event: readonly unknown[]): void;
}

type TakerOf = (socket: Socket) => Taker | undefined;

/** A packet that is an event, whole by itself. */
const EVENT = "2";

/**
 * Gives events to `takerOf` their socket as soon as Socket.IO has decoded them: stock, each makes two ticks on its way to a listener. Whatever
 * else comes goes that way, and so does what would overtake it; all does where Socket.IO is not as expected.
 */
export function takeDirectly(client: Socket["client"], takerOf: TakerOf): void {
  const { decoder, nsps: sockets } = client as unknown as Internals;
  if (!decoder || !sockets || !isDecoder(decoder) || Object.hasOwn(decoder, "add")) return;
  const { add: stock } = decoder;
  let wouldOvertake = false;
  decoder.add = (packet) => {
    if (!wouldOvertake && take(packet, decoder, sockets, takerOf)) return;
    if (!wouldOvertake) setImmediate(() => (wouldOvertake = false));
    wouldOvertake = true;
    stock.call(decoder, packet);
  };
}

const isDecoder = (decoder: Partial<Decoder>): decoder is Decoder =>
  typeof decoder.add === "function" && typeof decoder.decodeString === "function";

/** @returns whether it was taken. Throws, as Socket.IO does, what makes it close the connection: it cannot be decoded. */
function take(packet: unknown, decoder: Decoder, sockets: Sockets, takerOf: TakerOf): boolean {
  if (typeof packet !== "string" || !packet.startsWith(EVENT) || decoder.reconstructor) return false;
  const socket = sockets.get(namespaceOf(packet));
  const taker = socket && isOursAlone(socket) ? takerOf(socket) : undefined;
  if (!socket || !taker) return false;
  const { id, data: event = [] } = decoder.decodeString(packet);
  if (id !== undefined) event.push(acknowledgement(socket, id));
  taker.take(event);
  return true;
}

const namespaceOf = (packet: string) =>
  packet.startsWith("/", EVENT.length) ? packet.slice(EVENT.length, packet.indexOf(",")) : "/";

/** Whether nobody but us (with one middleware) is to see what a socket receives. */
function isOursAlone(socket: Socket): boolean {
  const { fns, ack } = socket as unknown as SocketInternals;
  return fns?.length === 1 && typeof ack === "function" && socket.listenersAny().length === 0;
}

const acknowledgement = (socket: Socket, id: number) => (socket as unknown as Required<SocketInternals>).ack(id);
