/** Colours that a canvas needs, by the custom properties that hold them. */
const TOKENS = {
  text: "--chart-text",
  grid: "--chart-grid",
  first: "--chart-first",
  second: "--chart-second",
  third: "--chart-third",
  fill: "--chart-fill",
} as const;

export type Token = keyof typeof TOKENS;

/** Colours as a canvas takes them, by the theme that is on now. */
export interface Theme {
  color(token: Token): string;
  /** The page's font, in the size of an axis. */
  readonly font: string;
  /** Tells when they have changed. @returns what ends it. */
  onChange(hear: () => void): () => void;
  stop(): void;
}

/** Reads the colours below an element, again whenever the theme changes: by the system, or by the page's own switch. */
export function readTheme(element: HTMLElement): Theme {
  const hearers = new Set<() => void>();
  let colors = resolve(element);
  const read = () => {
    colors = resolve(element);
    for (const hear of hearers) hear();
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", read);
  const page = new MutationObserver(read);
  page.observe(document.documentElement, { attributes: true });
  return {
    color: (token) => colors[token],
    font: `11px ${getComputedStyle(element).fontFamily}`,
    onChange(hear) {
      hearers.add(hear);
      return () => void hearers.delete(hear);
    },
    stop() {
      page.disconnect();
      system.removeEventListener("change", read);
      hearers.clear();
    },
  };
}

/** A custom property is kept as it was written, with `light-dark()` in it; a colour in use is not. */
function resolve(element: HTMLElement): Record<Token, string> {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const colors = Object.entries(TOKENS).map(([token, property]) => {
    probe.style.color = `var(${property})`;
    return [token, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colors) as Record<Token, string>;
}
