import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { Entry, Outgoing } from "../../index.ts";
import { hueOf } from "../ui/avatar.tsx";
import { classOf } from "../ui/class.ts";
import type { Around } from "./message.tsx";
import { isPictures, piecesOf } from "./text.ts";

/** Where there is more of it, one is asked first: nobody's message shall push all others away. */
const LONG = { units: 1_200, lines: 16 };

/** The long ones that one wanted to see whole. */
const unfolded = new WeakSet<Entry | Outgoing>();

interface TextProps {
  readonly text: string;
  readonly about: Entry | Outgoing;
  readonly around: Around;
}

/** What a message says, folded where it is long. */
export function Text({ text, about, around }: TextProps) {
  const [isWhole, setWhole] = useState(unfolded.has(about));
  const isLong = text.length > LONG.units || text.split("\n", LONG.lines + 1).length > LONG.lines;
  const toggle = () => {
    unfolded[isWhole ? "delete" : "add"](about);
    setWhole(!isWhole);
  };
  return (
    <>
      <p
        class={classOf({ "message-text": true, "is-pictures": isPictures(text), "is-folded": isLong && !isWhole })}
        dir="auto"
      >
        {piecesOf(text, around.called).map((piece) => pieceOf(piece, around))}
      </p>
      {isLong && (
        <button type="button" class="message-more" tabIndex={-1} aria-expanded={isWhole} onClick={toggle}>
          {isWhole ? "Show less" : "Show more"}
        </button>
      )}
    </>
  );
}

function pieceOf(piece: ReturnType<typeof piecesOf>[number], { me }: Around): ComponentChild {
  if (piece.kind === "text") return piece.text;
  if (piece.kind === "mention")
    return <bdi class={classOf({ mention: true, "is-me": piece.users.includes(me.id) })}>{piece.text}</bdi>;
  return (
    <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr" tabIndex={-1}>
      {piece.text}
    </a>
  );
}

/** What a message answers; a click goes there. */
export function Quote({ of, around }: { readonly of: Entry | undefined; readonly around: Around }) {
  if (!of) return <p class="quote">An earlier message</p>;
  return (
    <button type="button" class="quote" tabIndex={-1} title="Go to this message" onClick={() => around.show(of)}>
      <span class="unseen">In reply to </span>
      <bdi class="quote-author" style={{ "--hue": hueOf(of.from.id) }}>
        {of.from.name}
      </bdi>
      <span class="quote-text" dir="auto">
        {of.deletedAt === undefined ? startOf(of.text ?? "") : "Message deleted"}
      </span>
    </button>
  );
}

/** More than fits into a line. */
const START = 200;

/** The beginning of a text, as one line. */
export function startOf(text: string): string {
  return text.slice(0, START).toWellFormed().replace(/\s+/gu, " ");
}

/** Whether it is one who is meant in it. */
export function isMentioned(text: string, { me, called }: Around): boolean {
  return (
    text.includes("@") &&
    piecesOf(text, called).some((piece) => piece.kind === "mention" && piece.users.includes(me.id))
  );
}
