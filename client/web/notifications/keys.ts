const TITLES = ".notification-title";

/** What each key does in the inbox, as it is told in the help. */
export const KEYS: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ["J", "↓"], does: "Next notification" },
  { keys: ["K", "↑"], does: "Previous notification" },
  { keys: ["Home", "End"], does: "First, last notification" },
  { keys: ["Enter"], does: "Read it, and open its link" },
  { keys: ["Space"], does: "Read it, unfold it" },
  { keys: ["E"], does: "Archive it" },
  { keys: ["?"], does: "This help" },
];

/** Acts on a key that was pressed in the page, where it is meant for the view. */
export function pressed(event: KeyboardEvent, showHelp: () => void): void {
  const target = event.target as HTMLElement;
  // Nothing has the focus where what had it is gone, archived on another device, say.
  const isMeant = target === document.body || target.closest("main");
  if (!isMeant || event.ctrlKey || event.metaKey || event.altKey || target.closest("input, dialog")) return;
  const act = actionOf(event.key, target, showHelp);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(key: string, target: HTMLElement, showHelp: () => void): (() => void) | undefined {
  const all = titles();
  const item = target.closest(".notification");
  const at = item ? all.findIndex((title) => item.contains(title)) : -1;
  switch (key) {
    case "j":
    case "ArrowDown":
      return () => focusOn(all[Math.min(at + 1, all.length - 1)]);
    case "k":
    case "ArrowUp":
      return () => focusOn(all[Math.max(at - 1, 0)]);
    case "Home":
      return () => focusOn(all[0]);
    case "End":
      return () => focusOn(all.at(-1));
    case "e":
      return item ? () => item.querySelector<HTMLElement>('[aria-label="Archive"]')?.click() : undefined;
    case "Enter": {
      const link = target.matches(TITLES) ? item?.querySelector<HTMLElement>("a") : undefined;
      return link ? () => link.click() : undefined;
    }
    case "?":
      return showHelp;
    default:
      return undefined;
  }
}

/** Where one goes on when a notification is about to leave the list: at the one after it, or before it where it is the last. */
export function focusNeighbour(id: string): void {
  const all = titles();
  const at = all.findIndex((title) => title.closest<HTMLElement>(".notification")?.dataset["id"] === id);
  const neighbour = all[at + 1] ?? all[at - 1];
  if (neighbour) focusOn(neighbour);
  else document.querySelector<HTMLElement>(".inbox")?.focus();
}

function titles(): readonly HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(TITLES)];
}

function focusOn(title: HTMLElement | undefined): void {
  title?.focus({ preventScroll: true });
  title?.closest(".notification")?.scrollIntoView({ block: "nearest" });
}
