import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Avatar } from "../ui/avatar.tsx";
import { candidatesFor, mentionBefore, type Person } from "./text.ts";

interface MentionsOptions {
  readonly field: { readonly current: HTMLTextAreaElement | null };
  readonly text: string;
  readonly people: readonly Person[];
  write(text: string): void;
}

export interface Mentions {
  readonly listId: string;
  readonly candidates: readonly Person[];
  readonly chosen: number;
  /** For the field: what it has to do with the list, for a screen reader. */
  readonly attributes: Readonly<Record<string, string | undefined | (() => void)>>;
  /** @returns whether the key was the list's */
  take(event: KeyboardEvent): boolean;
  choose(person: Person | undefined): void;
}

/** More would not be read. */
const MOST_CANDIDATES = 8;

/** Offers names for what is typed after an @. The focus stays in the field; arrows move in the list. */
export function useMentions({ field, text, people, write }: MentionsOptions): Mentions {
  const listId = useId();
  const [caret, setCaret] = useState(-1);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState<number>();
  const goal = useRef<number | undefined>(undefined);
  const begun = caret < 0 ? undefined : mentionBefore(text, caret);
  const isWanted = begun !== undefined && begun.from !== dismissed;
  const candidates = isWanted ? candidatesFor(begun.typed, people, MOST_CANDIDATES) : [];
  const isOpen = candidates.length > 0;
  const look = () => {
    const element = field.current;
    setCaret(element && element.selectionStart === element.selectionEnd ? element.selectionStart : -1);
  };
  useEffect(() => setChosen(0), [begun?.from, begun?.typed]);
  useEffect(() => {
    if (!begun) setDismissed(undefined);
  }, [begun?.from]);
  useLayoutEffect(() => {
    if (goal.current === undefined) return;
    field.current?.setSelectionRange(goal.current, goal.current);
    goal.current = undefined;
  }, [text]);

  function choose(person: Person | undefined): void {
    if (!begun || !person) return;
    // Where two are called the same, only the id tells whom one means.
    const isAmbiguous = people.some(
      ({ id, name }) => id !== person.id && name.toLowerCase() === person.name.toLowerCase(),
    );
    const word = `@${isAmbiguous ? person.id : person.name} `;
    goal.current = begun.from + word.length;
    write(text.slice(0, begun.from) + word + text.slice(caret));
    setCaret(-1);
    field.current?.focus();
  }

  function take(event: KeyboardEvent): boolean {
    if (!isOpen) return false;
    if (event.key === "ArrowDown") setChosen((chosen + 1) % candidates.length);
    else if (event.key === "ArrowUp") setChosen((chosen + candidates.length - 1) % candidates.length);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") choose(candidates[chosen]);
    else if (event.key === "Escape") setDismissed(begun?.from);
    else return false;
    event.preventDefault();
    return true;
  }

  return {
    listId,
    candidates,
    chosen,
    take,
    choose,
    attributes: {
      role: "textbox",
      "aria-autocomplete": "list",
      "aria-controls": isOpen ? listId : undefined,
      "aria-activedescendant": isOpen ? `${listId}-${chosen}` : undefined,
      onKeyUp: look,
      onClick: look,
      onBlur: () => setCaret(-1),
    },
  };
}

export function MentionList({ mentions }: { readonly mentions: Mentions }) {
  const { listId, candidates, chosen, choose } = mentions;
  if (candidates.length === 0) return null;
  return (
    <ul class="mention-list" id={listId} role="listbox" aria-label="People to mention">
      {candidates.map((person, index) => (
        <li
          key={person.id}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === chosen}
          // Before the field loses the focus.
          onMouseDown={(event) => {
            event.preventDefault();
            choose(person);
          }}
        >
          <Avatar id={person.id} name={person.name} size={24} />
          <bdi class="mention-name">{person.name}</bdi>
          {person.id !== person.name && <span class="mention-id">{person.id}</span>}
        </li>
      ))}
    </ul>
  );
}
