import type { Namespace } from "socket.io";

/** What this worker is doing, counted as it happens: what `/monitor` shows of a worker. */
export interface Activity {
  /** Connected sockets of a namespace (`"/chat"`), now. */
  sockets(namespace: string): number;
  /** Rooms that somebody on this worker attends, now. */
  rooms(): number;
  /** Events since the start: requests in, packets out. */
  readonly events: { in: number; out: number };
}

/** `namespaceOf` is asked each time: namespaces open one after another, and may be left out. */
export function createActivity(namespaceOf: (name: string) => Namespace | undefined): Activity {
  const rooms = () => [...(namespaceOf("/chat")?.adapter.rooms.keys() ?? [])];
  return {
    events: { in: 0, out: 0 },
    sockets: (name) => namespaceOf(name)?.sockets.size ?? 0,
    rooms: () => rooms().filter((room) => room.startsWith("room:")).length,
  };
}
