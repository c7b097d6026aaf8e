import { fitting, fittingLast, sizeOf } from "../../log/budget.ts";
import type { Entry, Log, Page, Position } from "../../log/index.ts";
import { isAhead, placeOf, recover } from "../../log/position.ts";
import { CarillonError } from "../../protocol/errors.ts";
import type { Input } from "../../protocol/contract.ts";
import type { Chat } from "./context.ts";

type Wanted = Pick<Input<Chat, "room:join">, "since" | "limit">;

/** Where a worker stands in a room's log. */
export interface Standing {
  readonly cursor: Position;
  /** Brings the cursor to where the log stands now. */
  check(): Promise<void>;
}

/** What a joiner is shown of a room's log. */
export interface Snapshot {
  /** Where the worker stood when it was cut. */
  readonly cursor: Position;
  /** `true`: the oldest of what was missed. Else the newest messages, folded: `null` where nothing else was asked for. */
  readonly recovered: boolean | null;
  readonly entries: readonly Entry[];
  /** Where the feed has to go on. */
  readonly position: Position;
}

/** A log may begin anew while it is being cut; one that does it each time is taken for being out. */
const MAX_CUTS = 4;

/**
 * Cut at the worker's cursor, so that the feed that goes on from there neither repeats nor leaves out anything. Where the log turns out
 * not to be the cursor's (it was lost or rolled back, and the worker has not noticed), it is cut again once the worker has.
 * @throws CarillonError `unavailable`
 */
export async function takeSnapshot(
  log: Log,
  room: string,
  standing: Standing,
  { since, limit }: Wanted,
  maxBytes: number,
): Promise<Snapshot> {
  if (since && isAhead(since, standing.cursor)) await standing.check();
  for (let cuts = MAX_CUTS; cuts > 0; cuts--) {
    const { cursor } = standing;
    const recovery = since && (await recover(log, room, since, { upTo: cursor, limit }));
    if (recovery?.recovered) {
      const entries = fitting(recovery.entries, maxBytes, sizeOf);
      const last = entries.at(-1);
      return { cursor, recovered: true, entries, position: last ? placeOf(last) : recovery.from };
    }
    const page = await log.messages(room, { before: cursor.seq + 1, limit });
    if (isOf(page, cursor)) {
      const entries = fittingLast(page.entries, maxBytes, sizeOf);
      return { cursor, recovered: since ? false : null, entries, position: cursor };
    }
    await standing.check();
  }
  throw new CarillonError("unavailable");
}

/** Whether a page is of the log in which the cursor stands. */
function isOf({ epoch, head, entries }: Page, cursor: Position): boolean {
  const last = entries.at(-1);
  const isAnother = last?.seq === cursor.seq && cursor.id !== undefined && last.id !== cursor.id;
  return epoch === cursor.epoch && head >= cursor.seq && !isAnother;
}
