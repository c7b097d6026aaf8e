import type { Clock } from "./clock.ts";
import type { Control } from "./control/index.ts";
import { memoryControl } from "./control/memory.ts";
import { memoryThrottle, type Throttle } from "./limits/throttle.ts";
import type { Log } from "./log/index.ts";
import { memoryLog } from "./log/memory.ts";
import type { Presence } from "./presence/index.ts";
import { memoryPresence } from "./presence/memory.ts";
import type { Rooms } from "./rooms/index.ts";
import { memoryRooms } from "./rooms/memory.ts";
import type { Topics } from "./topics/index.ts";
import { memoryTopics } from "./topics/memory.ts";

/** Everything that is kept: the logs of what must not be lost, and what else outlives a request. */
export interface Stores {
  /** A topic a room. */
  readonly roomLog: Log;
  /** A topic a user. */
  readonly inboxLog: Log;
  readonly rooms: Rooms;
  readonly topics: Topics;
  readonly control: Control;
  readonly presence: Presence;
  readonly throttle: Throttle;
}

export interface RetainOptions {
  readonly clock: Clock;
  readonly historySize: number;
  readonly historyTtlSec: number;
  readonly inboxSize: number;
}

/** Everything in this process's memory: for one process, and lost with it. */
export function memoryStores({ clock, historySize, historyTtlSec, inboxSize }: RetainOptions): Stores {
  return {
    roomLog: memoryLog({ clock, size: historySize, ttlSec: historyTtlSec }),
    inboxLog: memoryLog({ clock, size: inboxSize, ttlSec: historyTtlSec, counts: (kind) => kind === "sent" }),
    rooms: memoryRooms(),
    topics: memoryTopics(),
    control: memoryControl({ clock }),
    presence: memoryPresence({ clock }),
    throttle: memoryThrottle({ clock }),
  };
}
