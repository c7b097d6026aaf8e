import type { Failure } from "../../src/protocol/errors.ts";
import type { Kept, KeptRoom, Shelf } from "./outbox-storage.ts";
import type { Draft, Outgoing } from "./outbox.ts";

/** One message, and what only the outbox has to know of it. What is changed is to be saved. */
export interface Item {
  message: Outgoing;
  /** The epoch that it was written in, or the first that it met. */
  epoch?: string | undefined;
  /** When it was first sent, by the server's clock: nobody can have stored it before. */
  triedAt?: number | undefined;
  /** It came from the storage, which another tab may share. */
  readonly isLoaded: boolean;
  /** It is in the room's timeline. */
  isShown?: boolean;
  /** Nobody wants it any more; it is only asked what came of it. */
  isDiscarded?: boolean;
  readonly settled: Promise<Outgoing>;
  settle(message: Outgoing): void;
}

/** The messages of one room, in the order in which they were written, and a copy of them in the storage. */
export interface Queue {
  /** Those of which it is known what came of them, or is not. */
  all(isPending: boolean): Item[];
  /** Those that somebody wants to see. */
  visible(): Outgoing[];
  find(id: string): Item | undefined;
  /** At the end. */
  write(id: string, draft: Draft, now: number, epoch: string | undefined): Item;
  save(item: Item): void;
  settle(item: Item, outcome: Pick<Outgoing, "state" | "epoch" | "seq" | "failure">): void;
  /** Takes it out, here and in the storage; how it went is remembered for a while. */
  drop(item: Item): void;
  /** Another tab has settled or discarded it. */
  isGone(item: Item): boolean;
  /** Rejects with a RangeError where there is none of this id. */
  settled(id: string): Promise<Outgoing>;
  /** Keeps everything there from now on, and takes in what is kept there. */
  open(shelf: Shelf, kept?: KeptRoom): void;
  /** Forgets everything; in the storage it stays. */
  forsake(failure: Failure): void;
}

/** Of those that failed, and of those that are remembered. */
const MOST = 100;

export function createQueue(room: string): Queue {
  let items: Item[] = [];
  /** How those went that are no longer among the items. */
  const past = new Map<string, Promise<Outgoing>>();
  let shelf: Shelf | undefined;
  let lastCreatedAt = 0;

  const all = (isPending: boolean) => items.filter(({ message }) => (message.state === "pending") === isPending);
  const find = (id: string) => items.find(({ message }) => message.id === id);
  const isGone = ({ message, isLoaded }: Item) => isLoaded && shelf?.has(room, message.id) === false;

  function add(id: string, { epoch, triedAt, failure, createdAt, ...draft }: Kept, isLoaded: boolean): Item {
    lastCreatedAt = Math.max(lastCreatedAt, createdAt);
    const state = failure ? ({ state: "failed", failure } as const) : ({ state: "pending" } as const);
    const message = { id, room, ...draftOf(draft), createdAt, ...state };
    let settle!: Item["settle"];
    const settled = new Promise<Outgoing>((resolve) => (settle = resolve));
    if (failure) settle(message);
    const item = { message, epoch, triedAt, isLoaded, settled, settle };
    items.push(item);
    return item;
  }

  function save(item: Item): void {
    const { message, epoch, triedAt, isShown, isDiscarded } = item;
    const { id, createdAt, failure } = message;
    if (isShown || isDiscarded || message.state === "sent") shelf?.remove(room, id);
    else if (!isGone(item)) shelf?.save(room, id, { ...draftOf(message), createdAt, epoch, triedAt, failure });
  }

  function drop(item: Item): void {
    const { id } = item.message;
    items = items.filter((other) => other !== item);
    shelf?.remove(room, id);
    past.set(id, item.settled);
    for (const old of past.keys()) if (past.size > MOST) past.delete(old);
  }

  return {
    all,
    visible: () => items.filter(({ isShown, isDiscarded }) => !isShown && !isDiscarded).map(({ message }) => message),
    find,
    write(id, draft, now, epoch) {
      // Later than the last, so that they come in order out of the storage.
      const item = add(id, { ...draftOf(draft), createdAt: Math.max(now, lastCreatedAt + 1), epoch }, false);
      save(item);
      return item;
    },
    save,
    settle(item, outcome) {
      item.message = { ...item.message, ...outcome };
      save(item);
      item.settle(item.message);
      all(false).slice(0, -MOST).forEach(drop);
    },
    drop,
    isGone,
    settled: (id) => find(id)?.settled ?? past.get(id) ?? Promise.reject(missing(id)),
    open(own, kept = new Map()) {
      const isFirst = !shelf;
      shelf = own;
      if (isFirst) items.forEach(save);
      for (const [id, message] of kept) if (!find(id)) add(id, message, true);
      items.sort((a, b) => a.message.createdAt - b.message.createdAt);
    },
    forsake(failure) {
      for (const { message, settle } of all(true)) settle({ ...message, state: "failed", failure });
      items = [];
      shelf = undefined;
    },
  };
}

export function missing(id: string): RangeError {
  return new RangeError(`No such message: ${id}`);
}

/** What of it was written, and nothing else: a copy, so that nobody changes it afterwards. */
export function draftOf({ text, type, data, replyTo }: Partial<Draft>): Draft {
  return JSON.parse(JSON.stringify({ text, type, data, replyTo })) as Draft;
}
