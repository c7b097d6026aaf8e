/**
 * Moves through the messages by arrows: up and down from one to the other, right and left among what can be done with one. Escape leads to
 * where one writes.
 */
export function moveByKey(event: KeyboardEvent, leave: () => void): void {
  const log = event.currentTarget;
  const { target, key } = event;
  if (
    !(log instanceof HTMLElement) ||
    !(target instanceof HTMLElement) ||
    event.altKey ||
    event.ctrlKey ||
    event.metaKey
  )
    return;
  const item = target.closest("article");
  const goal = key === "Escape" ? "leave" : goalOf(key, log, item, target);
  if (!goal) return;
  event.preventDefault();
  if (goal === "leave") return leave();
  goal.focus({ preventScroll: true });
  goal.scrollIntoView({ block: "nearest" });
}

function goalOf(key: string, log: HTMLElement, item: HTMLElement | null, target: HTMLElement): HTMLElement | undefined {
  if (key !== "ArrowUp" && key !== "ArrowDown" && key !== "ArrowLeft" && key !== "ArrowRight") return undefined;
  const step = key === "ArrowUp" || key === "ArrowLeft" ? -1 : 1;
  if (!item) return key === "ArrowUp" || key === "ArrowDown" ? lastInView(log) : undefined;
  if (key === "ArrowUp" || key === "ArrowDown") return neighbour([...log.querySelectorAll("article")], item, step);
  return neighbour([item, ...item.querySelectorAll<HTMLElement>("button:enabled, a[href]")], target, step);
}

function neighbour(all: readonly HTMLElement[], one: HTMLElement, step: number): HTMLElement | undefined {
  const place = all.indexOf(one) + step;
  return place < 0 ? undefined : all[place];
}

function lastInView(log: HTMLElement): HTMLElement | undefined {
  const { bottom } = log.getBoundingClientRect();
  return [...log.querySelectorAll("article")].findLast((item) => item.getBoundingClientRect().top < bottom - 8);
}
