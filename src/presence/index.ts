export interface Member {
  readonly id: string;
  readonly name: string;
}

/** Who attends a room; a user once, however many connections. */
export interface Attending {
  /** Grows with every change, and never goes back: not when a room empties, nor when all is lost. */
  readonly version: number;
  /** At most `most` of them, as asked. */
  readonly members: readonly Member[];
  readonly memberCount: number;
}

export interface PresenceChange {
  readonly room: string;
  readonly version: number;
  /** In the order in which they came. */
  readonly joined: readonly Member[];
  readonly left: readonly Member[];
  readonly memberCount: number;
}

/** Who attends which room, now. It may be lost: whoever attends is there to say so again. */
export interface Presence {
  /**
   * A connection of a user attends. It takes the place of one that was dropped, if there is one. Who comes under another name than
   * before has that name from then on, and is told of as joined again.
   * @returns who attends now, at most `most` of them (none unless given).
   */
  enter(room: string, member: Member, connection: string, most?: number): Promise<Attending>;
  /** It does no longer. A `dropped` one counts for `GRACE_MS` more, because most come back. */
  leave(room: string, user: string, connection: string, how?: "dropped"): Promise<void>;
  /** A user attends no longer over any connection, one that was dropped and might come back included. */
  expel(room: string, user: string): Promise<void>;
  attending(room: string, most: number): Promise<Attending>;
  /** Those of `users` who do not attend over a connection that is there. */
  absent(room: string, users: readonly string[]): Promise<readonly string[]>;
  /**
   * Hears of changes, gathered for up to `GATHER_MS`: of each user how it ended. Every worker hears of the rooms that are attended from
   * it, and may hear of others.
   */
  listen(listener: (change: PresenceChange) => void): () => void;
}

export const GRACE_MS = 10_000;
export const GATHER_MS = 1_000;
