import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Entry, RequestError, type Room, type RoomSnapshot, type Session } from "../../index.ts";
import { useMedia } from "./focus.ts";
import { learnNames, type Memory, NOTHING_WRITTEN, type Writing } from "./memory.ts";
import type { Around } from "./message.tsx";
import type { Asked } from "./person-menu.tsx";
import { messageAt } from "./rows.ts";
import { calledBy, type Person } from "./text.ts";
import { isDirect } from "./words.ts";

/** What one writes here; it stays when one looks elsewhere. */
export function useWriting({ writings }: Memory, room: string): readonly [Writing, (writing: Writing) => void] {
  const [writing, setWriting] = useState(writings.get(room) ?? NOTHING_WRITTEN);
  const write = useCallback(
    (next: Writing) => {
      setWriting(next);
      if (next.text === "" && !next.replyTo && !next.edit) writings.delete(room);
      else writings.set(room, next);
    },
    [writings, room],
  );
  return [writing, write];
}

/** Everybody who is here or has written what one sees, and oneself. */
export function usePeople(
  { members, messages }: RoomSnapshot,
  me: Person,
  memory: Memory,
  onNames: () => void,
): readonly Person[] {
  const known = useRef<readonly Person[]>([]);
  const people = useMemo(() => {
    const all = new Map<string, Person>();
    for (const { from } of messages) all.set(from.id, from);
    for (const member of members) all.set(member.id, member);
    all.set(me.id, me);
    const next = [...all.values()];
    const isSame =
      next.length === known.current.length && known.current.every(({ id, name }) => all.get(id)?.name === name);
    return isSame ? known.current : (known.current = next);
  }, [members, messages, me]);
  useEffect(() => {
    if (learnNames(memory, people)) onNames();
  }, [people]);
  return people;
}

/** Whoever comes into a room goes on there: where he writes, or at its name where that would bring up a keyboard. */
export function useFocusOnEntry(section: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const goal = matchMedia("(hover: hover)").matches ? "textarea:enabled" : "h1";
    section.current?.querySelector<HTMLElement>(goal)?.focus({ preventScroll: true });
  }, []);
}

export interface MembersPane {
  readonly isOpen: boolean;
  readonly isDrawer: boolean;
  toggle(): void;
  close(): void;
}

/** Beside the conversation where there is room, and then open unless it was closed; else over it when it is wanted. */
export function useMembersPane(memory: Memory): MembersPane {
  const isDrawer = useMedia("(max-width: 68rem)");
  const [isAside, setAside] = useState(memory.isMembersOpen);
  const [isOver, setOver] = useState(false);
  const set = (open: boolean) => {
    if (isDrawer) return setOver(open);
    memory.isMembersOpen = open;
    setAside(open);
  };
  const isOpen = isDrawer ? isOver : isAside;
  return { isOpen, isDrawer, toggle: () => set(!isOpen), close: () => set(false) };
}

interface AroundOptions {
  readonly room: Room;
  readonly snapshot: RoomSnapshot;
  readonly me: Session["user"];
  readonly people: readonly Person[];
  readonly isModerator: boolean;
  readonly mayWrite: boolean;
  readonly isOffline: boolean;
  readonly writing: Writing;
  write(writing: Writing): void;
  ask(asked: Asked): void;
}

/** What messages need to know; the same until something of it changes, as all of them are drawn again then. */
export function useAround(options: AroundOptions): Omit<Around, "show"> {
  const { room, snapshot, me, people, isModerator, mayWrite, isOffline, write, ask } = options;
  const { messages, markers } = snapshot;
  const called = useMemo(() => calledBy(people), [people]);
  const writing = useRef(options.writing);
  writing.current = options.writing;
  const seen = isDirect(room.id) ? Math.max(0, ...markers.values()) : 0;
  return useMemo(
    () => ({
      me,
      called,
      mayWrite,
      isOffline,
      mayDelete: ({ from }: Entry) => isModerator || from.id === me.id,
      find: (seq) => messageAt(messages, seq),
      isSeen: ({ seq }) => seq <= seen,
      reply: (entry) => write({ text: writing.current.text, replyTo: entry }),
      edit: (entry) => write({ text: writing.current.text, edit: { entry, text: entry.text ?? "" } }),
      remove: (entry) => ask({ kind: "delete", entry }),
      showAuthor: (person, anchor) => ask({ kind: "person", person, anchor }),
      retry: ({ id }) => orIgnore(() => room.retry(id)),
      discard: ({ id }) => room.discard(id),
    }),
    [room, me, called, mayWrite, isOffline, isModerator, messages, seen, write, ask],
  );
}

/** A message that cannot be tried again now says so by itself, or is no longer there. */
function orIgnore(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof RequestError)) throw error;
  }
}
