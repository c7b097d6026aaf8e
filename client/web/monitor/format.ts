const STEPS = { binary: 1024, decimal: 1000 } as const;
const UNITS = {
  binary: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"],
  decimal: ["B", "kB", "MB", "GB", "TB", "PB"],
} as const;

/** Two digits that count, or as many as stand before the point. */
export function digits(value: number): string {
  return value.toFixed(value < 10 && value > 0 ? 1 : 0);
}

function scaled(value: number, kind: keyof typeof STEPS): string {
  const units = UNITS[kind];
  const step = STEPS[kind];
  let size = Math.abs(value);
  let place = 0;
  while (size >= step && place < units.length - 1) {
    size /= step;
    place++;
  }
  return `${digits(size)} ${units[place]}`;
}

export const bytes = (value: number): string => scaled(value, "binary");

export const bytesPerSec = (value: number): string => `${scaled(value, "decimal")}/s`;

export const percent = (value: number): string => `${digits(value)} %`;

export const ms = (value: number): string => `${digits(value)} ms`;

/** A number with one digit after the point, of things that are measured. */
export const tenths = (value: number): string => value.toFixed(1);

/** A number of things that are counted. */
export const count = (value: number): string => value.toLocaleString();

/** As the ticks of an axis are written: where they are whole, without a point. */
export const short = (told: string): string => told.replace(/\.0(?!\d)/, "");

/** The two largest units that it has. */
export function duration(sec: number): string {
  const whole = Math.max(0, Math.floor(sec));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  const told = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return told.map(([value, unit]) => `${value} ${unit}`).join(" ");
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const preciseClock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Epoch milliseconds as the time of day. */
export const timeOfDay = (at: number): string => clock.format(at);

export const preciseTimeOfDay = (at: number): string => preciseClock.format(at);
