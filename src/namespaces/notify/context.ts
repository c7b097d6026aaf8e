import type { Clock } from "../../clock.ts";
import type { Log } from "../../log/index.ts";
import type { Logger } from "../../logger.ts";
import type { ContractSocket } from "../../runtime/caller.ts";
import type { Topics } from "../../topics/index.ts";
import type { notify } from "./contract.ts";

/** What `/notify` needs of the rest of the house. */
export interface NotifyContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The logs of inboxes, a topic a user. Only entries of the kind `sent` count against their size. */
  readonly inboxLog: Log;
  readonly topics: Topics;
  readonly counted: {
    duplicate(): void;
    /** What had not been published to a device's worker was filled from the log. */
    gapRepaired(): void;
    /** A device has said that it got a notification. */
    delivered(): void;
    /** A device has answered with something that is no receipt. */
    badReceipt(): void;
  };
}

export type Notify = typeof notify;
export type NotifySocket = ContractSocket<Notify>;
