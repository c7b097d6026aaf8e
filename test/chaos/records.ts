/** A message where it was seen. */
export interface Place {
  readonly epoch: string;
  readonly seq: number;
  /** Who sent it and under which id: what makes it this message, in its room. */
  readonly message: string;
}

/** What a member's client heard of a room, in the order in which it heard it, each with the connection that it came on. */
export type Heard =
  /** The ack of `room:join`. */
  | {
      readonly what: "joined";
      readonly connection: number;
      readonly since?: { readonly epoch: string; readonly seq: number };
      readonly epoch: string;
      readonly head: number;
      readonly recovered: boolean | null;
      readonly entries: readonly Place[];
    }
  | ({ readonly what: "entry"; readonly connection: number } & Place)
  /** `room:reset`. */
  | { readonly what: "reset"; readonly connection: number; readonly epoch: string; readonly head: number }
  /** A reply of `history:read`, by which a client fills in what is before the head that it was told. */
  | { readonly what: "page"; readonly connection: number; readonly epoch: string; readonly entries: readonly Place[] };

/** One member of one room. */
export interface Membership {
  readonly member: string;
  readonly room: string;
  readonly heard: readonly Heard[];
}

/** A send that was answered with `ok`. */
export interface Acknowledged extends Place {
  readonly room: string;
  readonly duplicate: boolean;
  /** When the client had the answer. */
  readonly atMs: number;
}

/** What a room's log holds at the end. */
export interface StoredLog {
  readonly room: string;
  readonly epoch: string;
  /** Oldest first. */
  readonly entries: readonly Omit<Place, "epoch">[];
}

/** A fault that takes from Redis what it had stored: nothing else excuses that something acknowledged is gone. */
export interface Loss {
  readonly fault: string;
  /** Whatever was answered before is still there. */
  readonly fromMs: number;
  /** Whatever is answered after it was stored after it. */
  readonly untilMs: number;
}

/** Everything that was seen of a run, by the clients themselves and of what Redis holds afterwards. */
export interface Records {
  readonly acknowledged: readonly Acknowledged[];
  readonly memberships: readonly Membership[];
  readonly logs: readonly StoredLog[];
  readonly losses: readonly Loss[];
}
