import type { Clock } from "../../clock.ts";
import type { Control } from "../../control/index.ts";
import type { Log } from "../../log/index.ts";
import type { Logger } from "../../logger.ts";
import type { Presence } from "../../presence/index.ts";
import type { Handlers } from "../../runtime/implement.ts";
import type { ContractNamespace, ContractSocket, User } from "../../runtime/caller.ts";
import type { Throttle } from "../../limits/throttle.ts";
import type { Rooms } from "../../rooms/index.ts";
import type { chat } from "./contract.ts";

/** What somebody wants to do in a room. `moderate` is kicking, banning, muting, adding and deleting others' messages. */
export type RoomAction = "enter" | "send" | "moderate";

/** An embedder's rule in the place of Carillon's own. Throw a `CarillonError` to refuse with another code than `forbidden`. */
export type Authorize = (request: { user: User; action: RoomAction; room: string }) => boolean | Promise<boolean>;

/** What `/chat` needs of the rest of the house. */
export interface ChatContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The logs of rooms, a topic a room. */
  readonly roomLog: Log;
  readonly rooms: Rooms;
  readonly control: Control;
  readonly presence: Presence;
  readonly throttle: Throttle;
  readonly roomAccess: "open" | "closed";
  readonly authorize?: Authorize | undefined;
  /** How many rooms one socket may attend. */
  readonly maxRooms: number;
  readonly counted: { duplicate(): void; reset(): void; gapRepaired(): void };
}

export type Chat = typeof chat;
export type ChatNamespace = ContractNamespace<Chat>;
export type ChatSocket = ContractSocket<Chat>;

/** Some of the handlers of `/chat`: each part of it writes its own. */
export type ChatHandlers<Names extends keyof Handlers<Chat>> = Pick<Handlers<Chat>, Names>;

/** Above so many attending users a room is large: counts instead of lists, no typing, markers for one's own devices only. */
export const LARGE_ROOM = 200;

/** The Socket.IO room of a Carillon room. */
export const socketRoom = (room: string) => `room:${room}`;
