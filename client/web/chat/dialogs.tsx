import { useEffect, useId, useState } from "preact/hooks";
import type { Chat, Entry, OpenRoom, Room } from "../../index.ts";
import { navigate } from "../shell/route.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { failureOf, wordsFor } from "../ui/words.ts";
import { startOf } from "./message-text.tsx";
import { useRun } from "./moderation.tsx";
import type { Person } from "./text.ts";

const ROOM_ID = "(?!\\.+$)[A-Za-z0-9_.\\-]{1,64}";
const USER_ID = "[!-~]{1,255}";

interface DialogProps {
  readonly onClose: () => void;
}

/** Finds a room that is open to everybody, or goes to one whose name one knows. */
export function JoinDialog({ chat, onClose }: DialogProps & { readonly chat: Chat }) {
  const [wanted, setWanted] = useState("");
  const { rooms, hasMore, isBusy, problem, readMore } = useOpenRooms(chat);
  const formId = useId();
  const shown = rooms.filter(({ room }) => room.toLowerCase().includes(wanted.trim().toLowerCase()));
  const enter = (room: string) => {
    onClose();
    navigate({ view: "chat", room });
  };
  const actions = (
    <Button look="primary" type="submit" form={formId} disabled={wanted.trim() === ""}>
      Join
    </Button>
  );
  return (
    <Dialog title="Join a room" onClose={onClose} actions={actions}>
      <form id={formId} onSubmit={(event) => (event.preventDefault(), enter(wanted.trim()))}>
        <Field
          label="Room"
          hint="Letters, digits, and _ . - are taken. A room that nobody has entered yet begins with you."
          required
          pattern={ROOM_ID}
          maxLength={64}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </form>
      <h3 class="dialog-heading">Open rooms</h3>
      <ul class="pick-list">
        {shown.map(({ room, memberCount }) => (
          <li key={room}>
            <button type="button" onClick={() => enter(room)}>
              <Icon name="hash" size={18} />
              <span class="pick-name">{room}</span>
              <span class="pick-note tabular">{memberCount > 0 ? `${memberCount.toLocaleString()} here` : ""}</span>
            </button>
          </li>
        ))}
      </ul>
      {problem ? (
        <p class="dialog-note">{problem}</p>
      ) : (
        !isBusy && shown.length === 0 && <p class="dialog-note">None of this name.</p>
      )}
      {(hasMore || isBusy || problem) && (
        <Button look="quiet" disabled={isBusy} onClick={readMore}>
          {isBusy ? "Loading …" : problem ? "Try again" : "Show more"}
        </Button>
      )}
    </Dialog>
  );
}

function useOpenRooms(chat: Chat) {
  const [rooms, setRooms] = useState<readonly OpenRoom[]>([]);
  const [hasMore, setMore] = useState(true);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  function readMore(): void {
    setBusy(true);
    setProblem(undefined);
    chat
      .list(rooms.at(-1)?.room)
      .then(
        (page) => {
          setRooms((before) => [...before, ...page.rooms]);
          setMore(page.next !== undefined);
        },
        (error: unknown) => setProblem(wordsFor(failureOf(error))),
      )
      .finally(() => setBusy(false));
  }
  useEffect(readMore, []);
  return { rooms, hasMore, isBusy, problem, readMore };
}

interface DirectDialogProps extends DialogProps {
  readonly chat: Chat;
  /** Whom one has met. */
  readonly people: readonly Person[];
}

/** Writes to one person alone. */
export function DirectDialog({ chat, people, onClose }: DirectDialogProps) {
  const [wanted, setWanted] = useState("");
  const { isBusy, problem, run } = useRun(onClose);
  const formId = useId();
  const typed = wanted.trim().toLowerCase();
  const shown = people.filter(({ id, name }) => id.toLowerCase().includes(typed) || name.toLowerCase().includes(typed));
  const open = (user: string) =>
    run(async () => {
      const { id } = await chat.direct(user);
      navigate({ view: "chat", room: id });
    });
  const actions = (
    <Button look="primary" type="submit" form={formId} disabled={typed === "" || isBusy}>
      Write
    </Button>
  );
  return (
    <Dialog title="New direct message" onClose={onClose} actions={actions}>
      <form id={formId} onSubmit={(event) => (event.preventDefault(), open(wanted.trim()))}>
        <Field
          label="User id"
          hint="Or pick somebody whom you have met here."
          required
          pattern={USER_ID}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={wanted}
          problem={problem}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </form>
      {shown.length > 0 && (
        <ul class="pick-list" aria-label="People">
          {shown.slice(0, 50).map(({ id, name }) => (
            <li key={id}>
              <button type="button" disabled={isBusy} onClick={() => open(id)}>
                <Avatar id={id} name={name} size={24} />
                <bdi class="pick-name">{name}</bdi>
                {id !== name && <span class="pick-note">{id}</span>}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

interface DeleteDialogProps extends DialogProps {
  readonly room: Room;
  readonly entry: Entry;
  readonly isOwn: boolean;
}

export function DeleteDialog({ room, entry, isOwn, onClose }: DeleteDialogProps) {
  const { isBusy, problem, run } = useRun(onClose);
  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button look="danger" disabled={isBusy} onClick={() => run(() => room.remove(entry.seq))}>
        Delete
      </Button>
    </>
  );
  return (
    <Dialog title="Delete this message?" onClose={onClose} actions={actions}>
      <p>
        Its text is gone for everybody; that {isOwn ? "you" : <bdi>{entry.from.name}</bdi>} wrote something stays to be
        seen.
      </p>
      <blockquote class="dialog-quote" dir="auto">
        {startOf(entry.text ?? "")}
      </blockquote>
      {problem && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}

/** Ends the membership. */
export function QuitDialog({ room, title, onClose }: DialogProps & { readonly room: Room; readonly title: string }) {
  const { isBusy, problem, run } = useRun(onClose);
  const quit = () =>
    run(async () => {
      await room.quit();
      navigate({ view: "chat" });
    });
  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button look="danger" disabled={isBusy} onClick={quit}>
        Leave
      </Button>
    </>
  );
  return (
    <Dialog title={`Leave ${title}?`} onClose={onClose} actions={actions}>
      <p>You are no longer a member on any of your devices. A room that is open can be joined again.</p>
      {problem && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
