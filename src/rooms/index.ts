/** A page of ids in their order; `next` is what to ask after for the next one. */
export interface IdPage {
  readonly ids: readonly string[];
  readonly next?: string;
}

export interface PageRequest {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** How far a user has read, in an epoch of a room's log. */
export interface Marker {
  readonly epoch: string;
  readonly seq: number;
}

/** The durable side of rooms: which there are, who is a member of which, and how far everybody has read. */
export interface Rooms {
  /** Puts a room on the list of rooms, if it is not there. Direct rooms are never listed. */
  list(room: string): Promise<void>;
  /** Listed rooms, by id. */
  listed(page: PageRequest): Promise<IdPage>;
  addMember(room: string, user: string): Promise<void>;
  removeMember(room: string, user: string): Promise<void>;
  isMember(room: string, user: string): Promise<boolean>;
  /** The members of a room; `undefined` if there are more than `most`. */
  members(room: string, most: number): Promise<readonly string[] | undefined>;
  /** The rooms of a user, by id. */
  roomsOf(user: string, page: PageRequest): Promise<IdPage>;
  /** The direct room of two users, made if needed, and both its members. */
  openDirect(a: string, b: string): Promise<{ readonly room: string; readonly made: boolean }>;
  /** The two people of a direct room; `undefined` for any other room, also for a direct one that was never opened. */
  pair(room: string): Promise<readonly [string, string] | undefined>;
  marker(room: string, user: string): Promise<Marker | undefined>;
  /** Moves a marker forward, or to another epoch. @returns where it is now. */
  moveMarker(room: string, user: string, to: Marker): Promise<Marker>;
}

/** Rooms of two people are made by the server alone, and their ids say so. */
export const isDirect = (room: string) => room.startsWith("dm-");
