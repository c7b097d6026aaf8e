import type { ContractNamespace, ContractSocket } from "../../runtime/caller.ts";
import type { monitor } from "./contract.ts";
import { NOTHING, type Wanted } from "./fleet/index.ts";
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
  /** All that somebody on this worker watches. */
  readonly wanted: Wanted;
  /** To the watchers on this worker: each worker tells its own. */
  tell(sample: Sample): void;
}

/** What one socket watches. */
interface Watching {
  readonly wanted: Wanted;
  readonly rooms: readonly string[];
}

export function createAudience(namespace: ContractNamespace<typeof monitor>): Audience {
  /** Counted here and not in the rooms, because a socket watches from its request on, but is in its rooms only after the ack. */
  const watchers = new Map<Socket, Watching>();
  const dismiss = (socket: Socket) => {
    for (const room of watchers.get(socket)?.rooms ?? []) void socket.leave(room);
    watchers.delete(socket);
  };
  return {
    admit(socket, hosts) {
      dismiss(socket);
      const watching: Watching = hosts
        ? { wanted: new Set(hosts), rooms: [...new Set(hosts)].map(roomOf) }
        : { wanted: "all", rooms: [ALL] };
      // A request may outlive its socket: one that has gone would be watching for ever.
      if (socket.connected) watchers.set(socket, watching);
      return (missed) => {
        if (watchers.get(socket) !== watching) return;
        for (const sample of missed) socket.emit("metrics:sampled", sample);
        void socket.join([...watching.rooms]);
      };
    },
    dismiss,
    get wanted() {
      const all = [...watchers.values()].map(({ wanted }) => wanted);
      if (all.length === 0) return NOTHING;
      return all.some((each) => each === "all")
        ? "all"
        : new Set(all.flatMap((each) => (each === "all" ? [] : [...each])));
    },
    tell: (sample) => void namespace.local.to([ALL, roomOf(sample.host)]).emit("metrics:sampled", sample),
  };
}
