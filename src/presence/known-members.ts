import type { Member } from "./index.ts";

/** Of all rooms together. */
const MAX_KEPT = 20_000;

/** A list of who attends a room: at most `most`, as of one state of it. */
export interface MemberList {
  /** The room's version and since when it has versions: as long as they are the same, so is who attends. */
  readonly state: string;
  readonly most: number;
  readonly members: readonly Member[];
}

/**
 * The lists that this worker was shown last, so that it need not be shown the same again. When a worker dies, all of a room come back, and
 * who attends it changes by none of them.
 */
export class KnownMembers {
  /** By room, the oldest first. */
  readonly #lists = new Map<string, MemberList>();
  #kept = 0;

  of(room: string, most: number): MemberList | undefined {
    const list = this.#lists.get(room);
    return list?.most === most ? list : undefined;
  }

  put(room: string, list: MemberList): void {
    this.#forget(room);
    this.#lists.set(room, list);
    this.#kept += list.members.length;
    for (const oldest of this.#lists.keys()) {
      if (this.#kept <= MAX_KEPT) return;
      this.#forget(oldest);
    }
  }

  #forget(room: string): void {
    this.#kept -= this.#lists.get(room)?.members.length ?? 0;
    this.#lists.delete(room);
  }
}
