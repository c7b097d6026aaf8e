import { fitting, fittingLast, sizeOf } from "../../log/budget.ts";
import type { Entry, Log, Position } from "../../log/index.ts";
import { recover } from "../../log/position.ts";
import type { Input } from "../../protocol/contract.ts";
import type { Chat } from "./context.ts";

type Wanted = Pick<Input<Chat, "room:join">, "since" | "limit">;

/** What a joiner is shown of a room's log. */
export interface Snapshot {
  /** `true`: the oldest of what was missed. Else the newest messages, folded: `null` where nothing else was asked for. */
  readonly recovered: boolean | null;
  readonly entries: readonly Entry[];
  /** Where the feed has to go on. */
  readonly position: Position;
}

/** Cut at `cursor`, so that the feed that goes on from there neither repeats nor leaves out anything. */
export async function takeSnapshot(
  log: Log,
  room: string,
  cursor: Position,
  { since, limit }: Wanted,
  maxBytes: number,
): Promise<Snapshot> {
  const recovery = since && (await recover(log, room, since, { upTo: cursor, limit }));
  if (since && recovery?.recovered) {
    const entries = fitting(recovery.entries, maxBytes, sizeOf);
    return { recovered: true, entries, position: { epoch: cursor.epoch, seq: entries.at(-1)?.seq ?? since.seq } };
  }
  const page = await log.messages(room, { before: cursor.seq + 1, limit });
  const entries = fittingLast(page.entries, maxBytes, sizeOf);
  return { recovered: since ? false : null, entries, position: cursor };
}
