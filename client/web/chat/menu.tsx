import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "../ui/icon.tsx";

export interface MenuItem {
  readonly icon: IconName;
  readonly label: string;
  readonly isDangerous?: boolean;
  act(): void;
}

interface MenuProps {
  readonly label: string;
  /** What it belongs to: it opens beside it, and the focus goes back to it. */
  readonly anchor: HTMLElement;
  readonly items: readonly MenuItem[];
  readonly onClose: () => void;
}

/** From the edges of the window, in CSS pixels. */
const MARGIN_PX = 8;

/** A menu, open for as long as it is rendered: arrows move, Escape and a click elsewhere close it. */
export function Menu({ label, anchor, items, onClose }: MenuProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const menu = ref.current;
    if (!menu) return;
    menu.showPopover();
    place(menu, anchor);
    menu.querySelector("button")?.focus();
  }, []);
  useEffect(() => {
    const menu = ref.current;
    const toggled = (event: Event) => (event as ToggleEvent).newState === "closed" && onClose();
    menu?.addEventListener("toggle", toggled);
    return () => menu?.removeEventListener("toggle", toggled);
  }, [onClose]);

  function onKeyDown(event: KeyboardEvent): void {
    const buttons = [...(ref.current?.querySelectorAll("button") ?? [])];
    const now = buttons.findIndex((button) => button === document.activeElement);
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") close();
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length)?.focus();
  }

  function close(): void {
    onClose();
    anchor.focus();
  }

  return (
    <div class="menu" role="menu" aria-label={label} popover="auto" ref={ref} onKeyDown={onKeyDown}>
      {items.map(({ icon, label: text, isDangerous, act }) => (
        <button
          key={text}
          type="button"
          role="menuitem"
          class={isDangerous ? "is-dangerous" : ""}
          onClick={() => {
            close();
            act();
          }}
        >
          <Icon name={icon} size={18} />
          {text}
        </button>
      ))}
    </div>
  );
}

/** Below its anchor, or above it where there is more room. */
function place(menu: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const isBelow = at.bottom + height + MARGIN_PX < innerHeight || at.top < height + MARGIN_PX;
  const top = isBelow ? at.bottom + 4 : at.top - height - 4;
  menu.style.left = `${Math.max(MARGIN_PX, Math.min(at.left, innerWidth - width - MARGIN_PX))}px`;
  menu.style.top = `${Math.max(MARGIN_PX, Math.min(top, innerHeight - height - MARGIN_PX))}px`;
}
