import "./avatar.css";

interface AvatarProps {
  readonly id: string;
  readonly name: string;
  /** CSS pixels. */
  readonly size?: number | undefined;
  /** Shows a dot for whoever is here. */
  readonly isPresent?: boolean | undefined;
}

/** Somebody's initials, in a colour that is his wherever he is shown. His name has to stand beside it. */
export function Avatar({ id, name, size = 32, isPresent = false }: AvatarProps) {
  const style = { "--hue": hueOf(id), "--avatar-own": `${size}px` };
  return (
    <span class={isPresent ? "avatar is-present" : "avatar"} style={style} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

/** A hue (degrees) that depends on the id alone, for `--hue`. */
export function hueOf(id: string): number {
  let hash = 0;
  for (const unit of id) hash = (Math.imul(hash, 31) + (unit.codePointAt(0) ?? 0)) | 0;
  // The golden angle: ids that differ little are far apart.
  return Math.round(((hash >>> 0) * 137.508) % 360);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function initialsOf(name: string): string {
  const words = name.split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}\p{Emoji}]/u.test(word));
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? name.trim()];
  return chosen.map(firstOf).join("").toLocaleUpperCase();
}

function firstOf(word = ""): string {
  for (const { segment } of graphemes.segment(word)) if (/[\p{L}\p{N}\p{Emoji}]/u.test(segment)) return segment;
  return "?";
}
