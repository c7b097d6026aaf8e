import type { Socket as Connection } from "engine.io";

/** What we reach into of engine.io 6.6 and ws 8, whose types keep it private; absent fields read as "nothing there". */
interface Internals {
  readonly writeBuffer?: readonly unknown[];
  readonly transport: {
    readonly writable: boolean;
    /** Only of a websocket transport. */
    readonly socket?: { readonly bufferedAmount?: number; terminate?(): void };
  };
}

// The one place where engine.io's private fields meet our types.
const internals = (connection: Connection) => connection as unknown as Internals;

/** Whether all that was written is with the kernel (websocket) or with the client's last poll. */
export function isDrained(connection: Connection): boolean {
  const { transport, writeBuffer } = internals(connection);
  return transport.writable && (writeBuffer?.length ?? 0) === 0;
}

/** Bytes that ws holds because the kernel takes no more; 0 while polling. */
export function socketBacklog(connection: Connection): number {
  return internals(connection).transport.socket?.bufferedAmount ?? 0;
}

/** Ends a connection at once. `close` alone waits for a client that does not read. */
export function cut(connection: Connection): void {
  internals(connection).transport.socket?.terminate?.();
  connection.close(true);
}
