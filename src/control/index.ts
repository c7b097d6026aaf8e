interface About<Action extends string> {
  readonly action: Action;
  readonly room: string;
  readonly user: string;
}

interface Imposed<Action extends string> extends About<Action> {
  readonly reason?: string;
  readonly untilAt?: number;
}

/** An order about a user that has to hold on every worker, at once and over restarts: a lost ban is for ever. */
export type Order =
  | Imposed<"kick">
  | Imposed<"ban">
  | Imposed<"mute">
  | About<"unban">
  | About<"unmute">
  | About<"quit">
  | { readonly action: "revoke"; readonly user: string; readonly at: number };

/** A ban or a mute that stands. Without `untilAt` it stands until somebody undoes it. */
export interface Sanction {
  readonly untilAt?: number;
}

/**
 * Bans, mutes and revocations. Every worker hears of every order and holds the standing ones, so that the questions below are
 * answered in the turn in which they are asked.
 */
export interface Control {
  /**
   * A `quit` leaves nothing that stands, nor does a `kick` without `untilAt`; with it, one is kept out at least so long. A ban or a
   * mute takes the place of an earlier one. It holds on this worker, and its listeners have heard of it, when this returns its promise;
   * that resolves when the order is stored, which is when the other workers hear of it.
   * @throws CarillonError `unavailable`: it holds here all the same, and is stored as soon as it can be.
   */
  issue(order: Order): Promise<void>;
  ban(room: string, user: string): Sanction | undefined;
  mute(room: string, user: string): Sanction | undefined;
  /** Tokens issued at or before this time, and those without a time, are refused. Epoch milliseconds. */
  revokedAt(user: string): number | undefined;
  /** Hears of every order as it comes to hold. */
  listen(listener: (order: Order) => void): () => void;
}
