/** A part of a message's text. It is shown as text in any case: a part is never more than a place to click, or a colour. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  /** `users` have this name or id: more than one, where people are called the same. */
  | { readonly kind: "mention"; readonly text: string; readonly users: readonly string[] };

/** What people are called, in small letters: by name and by id. */
export type Called = ReadonlyMap<string, readonly string[]>;

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Ends at white space and at what turns the direction of writing, which could make one address look like another. */
const ADDRESS = /https?:\/\/[^\s<>"\p{Bidi_Control}]+/giu;
const PUNCTUATION = /[.,:;!?'*_~\u2026]$/u;
const BRACKETS: readonly (readonly [string, string])[] = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
];

const WORD_BEFORE = /[\p{L}\p{N}_@./-]$/u;
const WORD_AFTER = /^[\p{L}\p{N}_]/u;

/** Up to four pictures and nothing else. */
const PICTURES =
  /^(?:(?:\p{Regional_Indicator}{2}|\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier}|\u200d\p{Extended_Pictographic})*)\s*){1,4}$/u;

/** Longer names are not looked for. */
const LONGEST_NAME = 100;

export function calledBy(people: Iterable<Person>): Called {
  const called = new Map<string, string[]>();
  for (const { id, name } of people)
    for (const word of new Set([id.toLowerCase(), name.toLowerCase()])) {
      const users = called.get(word);
      if (!users) called.set(word, [id]);
      else if (!users.includes(id)) users.push(id);
    }
  return called;
}

/** Takes a text apart into what can be clicked, who is meant, and the rest. The pieces together are the text. */
export function piecesOf(text: string, called: Called): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const link = linkOf(found);
    if (!link) continue;
    pieces.push(...mentionsIn(text.slice(done, index), called), link);
    done = index + link.text.length;
  }
  pieces.push(...mentionsIn(text.slice(done), called));
  return pieces;
}

/** Whether it is a few emoji alone, which may be shown larger. */
export function isPictures(text: string): boolean {
  return text.length <= 64 && PICTURES.test(text.trim());
}

/** What is being typed before the caret, if that looks like the beginning of a mention. */
export function mentionBefore(
  text: string,
  caret: number,
): { readonly from: number; readonly typed: string } | undefined {
  const from = text.lastIndexOf("@", caret - 1);
  if (from < 0 || WORD_BEFORE.test(text.slice(Math.max(from - 2, 0), from))) return undefined;
  const typed = text.slice(from + 1, caret);
  return typed.length > 40 || /[\n\r]|^\s|\s\S*\s/u.test(typed) ? undefined : { from, typed };
}

/** Who may be meant: those whose name or id begins so first, then those who have a word that does. */
export function candidatesFor<P extends Person>(typed: string, people: readonly P[], most: number): P[] {
  const wanted = typed.toLowerCase();
  const rank = ({ id, name }: P): number => {
    const lower = name.toLowerCase();
    if (lower.startsWith(wanted) || id.toLowerCase().startsWith(wanted)) return 0;
    return lower.split(/\s+/u).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  const ranked = people.map((person) => ({ person, rank: rank(person) })).filter((entry) => entry.rank < 2);
  return ranked
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ person }) => person);
}

function linkOf(found: string): Extract<Piece, { kind: "link" }> | undefined {
  const text = withoutTail(found);
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, password, href } = new URL(text);
  // `https://bank.example@evil.example` is not where it seems to lead.
  if (!/^https?:$/u.test(protocol) || username !== "" || password !== "") return undefined;
  return { kind: "link", text, href };
}

/** Without what belongs to the sentence around it: a full stop, a bracket that was opened before. */
function withoutTail(found: string): string {
  const strays = new Map(BRACKETS.map(([open, close]) => [close, count(found, close) - count(found, open)]));
  let end = found.length;
  for (; end > 0; end--) {
    const last = found.charAt(end - 1);
    const stray = strays.get(last) ?? 0;
    if (stray > 0) strays.set(last, stray - 1);
    else if (!PUNCTUATION.test(last)) break;
  }
  return found.slice(0, end);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function mentionsIn(text: string, called: Called): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const found = at >= done ? mentionAt(text, at, called) : undefined;
    if (!found) continue;
    if (at > done) pieces.push({ kind: "text", text: text.slice(done, at) });
    pieces.push(found);
    done = at + found.text.length;
  }
  if (done < text.length) pieces.push({ kind: "text", text: text.slice(done) });
  return pieces;
}

/** The longest name that stands there: `@Ann Lee` is not `@Ann` where there is an Ann Lee. */
function mentionAt(text: string, at: number, called: Called): Piece | undefined {
  if (WORD_BEFORE.test(text.slice(Math.max(at - 2, 0), at))) return undefined;
  for (let length = Math.min(LONGEST_NAME, text.length - at - 1); length > 0; length--) {
    const end = at + 1 + length;
    if (WORD_AFTER.test(text.slice(end, end + 2))) continue;
    const users = called.get(text.slice(at + 1, end).toLowerCase());
    if (users) return { kind: "mention", text: text.slice(at, end), users };
  }
  return undefined;
}
