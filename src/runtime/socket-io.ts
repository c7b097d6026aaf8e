import type { Socket as Connection } from "engine.io";
import type { Namespace, Server, Socket } from "socket.io";

// What we reach into of Socket.IO 4.8, whose types keep it private. Where a release has it elsewhere, all goes the stock way.

/**
 * Refuses a Socket.IO server that Carillon cannot keep its word on.
 * @throws TypeError
 */
export function requireFit({ engine, _opts: options }: Server): void {
  if (!engine) throw new TypeError("The Socket.IO server needs an HTTP server first: `io.attach(server)`");
  if (options.connectionStateRecovery)
    throw new TypeError("Carillon recovers by positions; connectionStateRecovery would let old sockets in unchecked");
}

/** The namespaces that a server has now, its host's own among them. */
export const namespacesOf = ({ _nsps: namespaces }: Server) => [...namespaces.values()];

/** The connections that a server has now. */
export function connectionsOf({ engine }: Server): Connection[] {
  const { clients = {} } = engine as unknown as { clients?: Record<string, Connection> };
  return Object.values(clients);
}

/** Callbacks of a socket's acks that have not come, oldest first; nothing where Socket.IO keeps them elsewhere. */
export function awaitedAcks(socket: object): Map<number, unknown> | undefined {
  return (socket as { acks?: Map<number, unknown> }).acks;
}

/** Socket.IO has no public way to end a namespace: whoever asks for it afterwards is told that there is none. */
export function forgetNamespace({ _nsps: namespaces }: Server, name: string): void {
  namespaces.delete(name);
}

/** What Socket.IO says of packets that it hands over: whether they may be lost, and the frame that everybody is sent. */
export interface PacketOptions {
  readonly preEncoded?: boolean;
  readonly volatile?: boolean;
  /** A websocket frame in one or two parts, made once for all whom a broadcast goes to. */
  wsPreEncodedFrame?: readonly Buffer[];
}

/** Packets as Socket.IO has encoded them: one text, unless binary data follows. */
export type EncodedPackets = readonly (string | Buffer)[];

type WriteToEngine = (packets: EncodedPackets, options: PacketOptions) => void;

/**
 * Lets `write` see every packet of a client before engine.io does. It says whether it has seen to it; otherwise it goes the stock way.
 * Returns false where Socket.IO hands packets over in another way than that.
 */
export function interceptPackets(
  client: Socket["client"],
  write: (packets: EncodedPackets, options: PacketOptions) => boolean,
): boolean {
  const known = client as unknown as { writeToEngine?: WriteToEngine };
  const stock = known.writeToEngine;
  if (typeof stock !== "function") return false;
  known.writeToEngine = (packets, options) => {
    if (!write(packets, options)) stock.call(client, packets, options);
  };
  return true;
}

/** Sends packets to a client, as Socket.IO does it. */
export function handOver(client: Socket["client"], packets: EncodedPackets, options: PacketOptions): void {
  (client as unknown as { writeToEngine: WriteToEngine }).writeToEngine(packets, options);
}

/** The packets of a broadcast, with what an adapter says of them when it hands them over. */
export function encodePacket(
  adapter: Namespace["adapter"],
  packet: object,
): { packets: EncodedPackets; options: PacketOptions } {
  const { _encode: encode } = adapter as unknown as {
    _encode(packet: object, options: PacketOptions): EncodedPackets;
  };
  const options: PacketOptions = { preEncoded: true };
  return { packets: encode.call(adapter, Object.assign(packet, { nsp: adapter.nsp.name }), options), options };
}

/** Tells those who listen to what a socket is sent (`onAnyOutgoing`). */
export function tellOutgoing(socket: Socket, packet: object): void {
  (socket as unknown as { notifyOutgoingListeners(packet: object): void }).notifyOutgoingListeners(packet);
}
