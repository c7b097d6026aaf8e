import type { OutboxStorage } from "../../index.ts";

/** A browser may forbid a page to keep anything, and then throws at the mere name. */
function allowed(which: () => Storage): Storage | undefined {
  try {
    return which();
  } catch {
    return undefined;
  }
}

const ofTab = allowed(() => sessionStorage);
const ofBrowser = allowed(() => localStorage);

/** Where messages wait that were not yet sent. */
export const outboxStorage: OutboxStorage | undefined = ofBrowser;

export interface Kept {
  read(): string | undefined;
  /** Forgets it where nothing is given. Where nothing can be kept, nothing is. */
  write(value: string | undefined): void;
}

/** Something that is kept under a name: for this tab, or for this browser. */
export function kept(name: string, where: "tab" | "browser"): Kept {
  const storage = where === "tab" ? ofTab : ofBrowser;
  const key = `carillon:${name}`;
  return {
    read: () => storage?.getItem(key) ?? undefined,
    write(value) {
      if (value === undefined) return storage?.removeItem(key);
      try {
        storage?.setItem(key, value);
      } catch {
        // It is full, and nothing here is worth more than what fills it.
      }
    },
  };
}
