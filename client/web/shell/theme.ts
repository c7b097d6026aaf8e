import type { Live } from "../../index.ts";
import { createValue } from "../live.ts";
import { kept } from "./storage.ts";

export type Theme = "auto" | "light" | "dark";

const keptTheme = kept("theme", "browser");
const chosen = createValue(asTheme(keptTheme.read()));

/** The theme that was chosen; `auto` is what the system has. */
export const chosenTheme: Live<Theme> = chosen;

export function chooseTheme(theme: Theme): void {
  keptTheme.write(theme === "auto" ? undefined : theme);
  show(theme);
}

/** Shows what was chosen before, and follows what is chosen in another tab. */
export function followTheme(): void {
  show(chosen.getSnapshot());
  addEventListener("storage", () => show(asTheme(keptTheme.read())));
}

function show(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  chosen.set(theme);
}

function asTheme(text: string | undefined): Theme {
  return text === "light" || text === "dark" ? text : "auto";
}
