import type { ContractNamespace, ContractSocket } from "../../runtime/caller.ts";
import type { monitor } from "./contract.ts";
import type { Sample } from "./sample.ts";

type Socket = ContractSocket<typeof monitor>;

/** Socket.IO rooms of the namespace: of those who watch all hosts, and of those who watch this one. */
const ALL = "metrics";
const roomOf = (host: string) => `${ALL}:${host}`;

/** Who watches which hosts, and how samples reach them. */
export interface Audience {
  /**
   * Replaces what the socket watches: these hosts, or all. It hears no sample until the returned function has been called, which
   * first gives it those that it is passed. That does nothing if the socket has gone, or watches something else, in the meantime.
   */
  admit(socket: Socket, hosts?: readonly string[]): (missed: readonly Sample[]) => void;
  /** The socket watches nothing any more. It may be gone already. */
  dismiss(socket: Socket): void;
  /** Whether somebody watches this host. */
  watches(host: string): boolean;
  tell(sample: Sample): void;
}

export function createAudience(namespace: ContractNamespace<typeof monitor>): Audience {
  /** Counted here and not in the rooms, because a socket watches from its request on, but is in its rooms only after the ack. */
  const watching = new Map<Socket, ReadonlySet<string>>();
  const dismiss = (socket: Socket) => {
    for (const room of watching.get(socket) ?? []) void socket.leave(room);
    watching.delete(socket);
  };
  return {
    admit(socket, hosts) {
      dismiss(socket);
      const rooms: ReadonlySet<string> = new Set(hosts?.map(roomOf) ?? [ALL]);
      // A request may outlive its socket: one that has gone would be watching for ever.
      if (socket.connected) watching.set(socket, rooms);
      return (missed) => {
        if (watching.get(socket) !== rooms) return;
        for (const sample of missed) socket.emit("metrics:sampled", sample);
        void socket.join([...rooms]);
      };
    },
    dismiss,
    watches: (host) => [...watching.values()].some((rooms) => rooms.has(ALL) || rooms.has(roomOf(host))),
    tell: (sample) => void namespace.to([ALL, roomOf(sample.host)]).emit("metrics:sampled", sample),
  };
}
