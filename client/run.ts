import { ownError } from "./failure.ts";

/** A page of what was before. */
export interface Page<T> {
  readonly epoch: string;
  readonly entries: readonly T[];
  readonly more: boolean;
}

/** A page that is on its way. */
export interface Paging<T> {
  /** What to ask for. */
  readonly asked: { readonly before: number; readonly epoch: string };
  /**
   * Takes the page in, or nothing where none came, or where what is held is no longer what the page was asked for.
   * @returns what was taken in
   */
  end(page?: Page<T>): readonly T[];
}

/**
 * Reads what comes before, by `ask`. @returns what was taken in
 * @throws RequestError as `ask` does; `unavailable` where nothing was told yet
 */
export async function fill<T>(
  paging: Paging<T> | undefined,
  ask: (asked: Paging<T>["asked"]) => Promise<Page<T>>,
): Promise<readonly T[]> {
  if (!paging) throw ownError("unavailable");
  try {
    return paging.end(await ask(paging.asked));
  } finally {
    paging.end();
  }
}

/** The newest part of a log, oldest first and without holes, with all that has changed in it since. */
export interface Run<T, Change> {
  /** Another array whenever something changes. */
  readonly held: readonly T[];
  /** There may be older ones than those that are held. */
  readonly more: boolean;
  /** Every entry from this `seq` on is held. */
  readonly floor: number;
  /** Begins anew. `head`: where the log ends. */
  reset(entries: readonly T[], epoch: string, head: number): void;
  /** They come next. No more than `most` are held. */
  push(entries: readonly T[], most: number): void;
  /** Something has changed, in what is held and in the page that is on its way, which may have been read before. */
  amend(change: Change): void;
  /** Takes out some, for good. */
  keep(isKept: (entry: T, place: number) => boolean): void;
  /** Begins to read what comes before; `undefined` where nothing was told yet. */
  page(): Paging<T> | undefined;
}

/** `fold`: an entry with a change; nothing, where it is gone. */
export function createRun<T extends { readonly seq: number }, Change>(
  fold: (entry: T, change: Change) => T | undefined,
): Run<T, Change> {
  let held: readonly T[] = [];
  let epoch: string | undefined;
  let floor = 1;
  let more = false;
  /** What has changed since a page is on its way; another one for each page. */
  let late: Change[] | undefined;

  const folded = (entries: readonly T[], change: Change) => entries.flatMap((entry) => fold(entry, change) ?? []);

  return {
    get held() {
      return held;
    },
    get more() {
      return more;
    },
    get floor() {
      return floor;
    },
    reset(entries, of, head) {
      held = entries;
      epoch = of;
      floor = held[0]?.seq ?? head + 1;
      more = floor > 1;
      late = undefined;
    },
    push(entries, most) {
      held = [...held, ...entries];
      if (held.length <= most) return;
      held = held.slice(-most);
      floor = held[0]?.seq ?? floor;
      more = true;
    },
    amend(change) {
      held = folded(held, change);
      late?.push(change);
    },
    keep(isKept) {
      held = held.filter(isKept);
    },
    page() {
      if (epoch === undefined) return undefined;
      const asked = { before: floor, epoch };
      const own: Change[] = (late = []);
      return {
        asked,
        end(page) {
          if (late !== own) return [];
          late = undefined;
          if (!page || page.epoch !== epoch || floor !== asked.before) return [];
          const older = own.reduce(folded, page.entries);
          held = [...older, ...held];
          floor = page.entries[0]?.seq ?? floor;
          more = page.more;
          return older;
        },
      };
    },
  };
}
