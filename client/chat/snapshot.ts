import type { Failure } from "../../src/protocol/errors.ts";
import type { Entry } from "./follow.ts";
import type { Outgoing } from "./outbox.ts";
import type { Member } from "./people.ts";

/** One may not write, until then (epoch milliseconds) where it has an end. */
export interface Muted {
  readonly untilAt?: number | undefined;
}

/** A room as it stands. Everything in it follows the log and the people by itself. */
export interface RoomSnapshot {
  readonly room: string;
  /**
   * `joining`: not yet level with the log, or there is no connection; what is here is what was last known. `live`: level. `refused`: one may not
   * be here, or was removed, as `failure` says. `left`: by ourselves.
   */
  readonly status: "joining" | "live" | "refused" | "left";
  readonly failure?: Failure | undefined;
  readonly epoch?: string | undefined;
  /** The newest `seq` of the room. */
  readonly head: number;
  /** Messages, oldest first, with their present text (`editedAt`), or without any (`deletedAt`). */
  readonly messages: readonly Entry[];
  /** There are older ones to be read. */
  readonly more: boolean;
  /** One's own messages that are not among `messages` yet, oldest first: pending, sent a moment ago, or failed. */
  readonly outgoing: readonly Outgoing[];
  /** Who attends, by name; in rooms of more than 200 not all. */
  readonly members: readonly Member[];
  readonly memberCount: number;
  /** User ids of others who type. */
  readonly typing: readonly string[];
  /** What one has read, as a `seq`, and how many messages of others come after it. */
  readonly marker: number;
  readonly unread: number;
  /** What others have read, as far as it was told since one joined: `seq` by user id. */
  readonly markers: ReadonlyMap<string, number>;
  /** One may not write, until then (epoch milliseconds) where it has an end. */
  readonly muted?: Muted | undefined;
}
