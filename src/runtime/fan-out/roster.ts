import type { Namespace, Socket } from "socket.io";
import type { Outlet } from "./outlet.ts";

/** Below it, looking everybody up costs no more than remembering them. */
const LEAST = 8;

/** Who is in a room, and by what they are reached. It never changes: somebody who comes or goes makes it another one. */
export interface Roster {
  readonly sockets: readonly Socket[];
  readonly outlets: ReadonlySet<Outlet>;
}

type Adapter = Namespace["adapter"];

/** Who hears a broadcast to a room: looked up once, and again when somebody has come or gone. */
export class Rosters {
  readonly #adapter: Adapter;
  readonly #outletOf: (client: Socket["client"]) => Outlet | undefined;
  readonly #known = new Map<string, Roster>();

  constructor(adapter: Adapter, outletOf: (client: Socket["client"]) => Outlet | undefined) {
    this.#adapter = adapter;
    this.#outletOf = outletOf;
    const forget = (room: string) => void this.#known.delete(room);
    for (const event of ["join-room", "leave-room", "delete-room"]) adapter.on(event, forget);
  }

  /** Nothing for a room that is small, or where somebody is not reached by an outlet, or not connected yet. */
  of(room: string): Roster | undefined {
    const known = this.#known.get(room);
    if (known) return known;
    const ids = this.#adapter.rooms.get(room);
    if (!ids || ids.size < LEAST) return undefined;
    const roster = this.#look(ids);
    if (roster) this.#known.set(room, roster);
    return roster;
  }

  #look(ids: ReadonlySet<string>): Roster | undefined {
    const sockets: Socket[] = [];
    const outlets = new Set<Outlet>();
    for (const id of ids) {
      const socket: Socket | undefined = this.#adapter.nsp.sockets.get(id);
      const outlet = socket && this.#outletOf(socket.client);
      // The same connection twice would be one recipient of two.
      if (!outlet || outlets.has(outlet)) return undefined;
      sockets.push(socket);
      outlets.add(outlet);
    }
    return { sockets, outlets };
  }
}
