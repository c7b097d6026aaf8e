import { useId, useState } from "preact/hooks";
import type { Room, Sanction } from "../../index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { useToast } from "../ui/toasts.tsx";
import { failureOf, wordsFor } from "../ui/words.ts";
import type { Person } from "./text.ts";

export type SanctionKind = "kick" | "ban" | "mute";

const WORDS: Record<
  SanctionKind,
  { readonly title: string; readonly more: string; readonly act: string; readonly done: string }
> = {
  kick: {
    title: "Remove",
    more: "They leave the room at once, and may come back where it is open to them.",
    act: "Remove",
    done: "was removed",
  },
  ban: { title: "Ban", more: "They leave the room at once, and cannot come back.", act: "Ban", done: "is banned" },
  mute: { title: "Mute", more: "They can read, but not write.", act: "Mute", done: "is muted" },
};

const DURATIONS: readonly { readonly label: string; readonly sec: number | undefined }[] = [
  { label: "10 minutes", sec: 600 },
  { label: "1 hour", sec: 3_600 },
  { label: "1 day", sec: 86_400 },
  { label: "1 week", sec: 604_800 },
  { label: "30 days", sec: 2_592_000 },
  { label: "Until it is undone", sec: undefined },
];

interface SanctionDialogProps {
  readonly kind: SanctionKind;
  readonly room: Room;
  readonly person: Person;
  readonly onClose: () => void;
}

/** Asks a moderator for how long and why. */
export function SanctionDialog({ kind, room, person, onClose }: SanctionDialogProps) {
  const { title, more, act, done } = WORDS[kind];
  const [forSec, setForSec] = useState(kind === "mute" ? 3_600 : undefined);
  const [reason, setReason] = useState("");
  const toast = useToast();
  const { isBusy, problem, run } = useRun(onClose);
  const formId = useId();

  const impose = () =>
    run(async () => {
      const given = reason.trim();
      const sanction: Sanction = { ...(forSec !== undefined && { forSec }), ...(given !== "" && { reason: given }) };
      await room[kind](person.id, sanction);
      toast({ level: "success", title: `${person.name} ${done}` });
    });

  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button look={kind === "mute" ? "primary" : "danger"} type="submit" form={formId} disabled={isBusy}>
        {act}
      </Button>
    </>
  );
  return (
    <Dialog title={`${title} ${person.name}?`} onClose={onClose} actions={actions}>
      <form id={formId} class="dialog-form" onSubmit={(event) => (event.preventDefault(), impose())}>
        <p>{more}</p>
        <DurationField
          label={kind === "kick" ? "Keep out for" : "For"}
          kind={kind}
          forSec={forSec}
          onChange={setForSec}
        />
        <Field
          label="Reason"
          hint="They are told. You may leave it empty."
          maxLength={500}
          dir="auto"
          value={reason}
          problem={problem}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </form>
    </Dialog>
  );
}

interface DurationFieldProps {
  readonly label: string;
  readonly kind: SanctionKind;
  readonly forSec: number | undefined;
  readonly onChange: (forSec: number | undefined) => void;
}

function DurationField({ label, kind, forSec, onChange }: DurationFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        class="input"
        value={forSec ?? ""}
        onChange={(event) => onChange(event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value))}
      >
        {DURATIONS.map((duration) => (
          <option key={duration.label} value={duration.sec ?? ""}>
            {kind === "kick" && duration.sec === undefined ? "Not at all" : duration.label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface LiftDialogProps {
  readonly room: Room;
  /** Who may be meant. */
  readonly people: readonly Person[];
  readonly onClose: () => void;
}

/** Ends bans and mutes, also of those who are not here: nobody can be picked from a list who was banned. */
export function LiftDialog({ room, people, onClose }: LiftDialogProps) {
  const [user, setUser] = useState("");
  const toast = useToast();
  const { isBusy, problem, run } = useRun(onClose);
  const listId = useId();

  const lift = (kind: "unban" | "unmute") =>
    run(async () => {
      await room[kind](user.trim());
      toast({
        level: "success",
        title: kind === "unban" ? "The ban has ended" : "The mute has ended",
        body: user.trim(),
      });
    });

  const isEmpty = user.trim() === "";
  const actions = (
    <>
      <Button disabled={isEmpty || isBusy} onClick={() => lift("unmute")}>
        Unmute
      </Button>
      <Button look="primary" disabled={isEmpty || isBusy} onClick={() => lift("unban")}>
        Unban
      </Button>
    </>
  );
  return (
    <Dialog title="Unban or unmute" onClose={onClose} actions={actions}>
      <Field
        label="User id"
        list={listId}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={user}
        problem={problem}
        onInput={(event) => setUser(event.currentTarget.value)}
      />
      <datalist id={listId}>
        {people.map(({ id, name }) => (
          <option key={id} value={id} label={name} />
        ))}
      </datalist>
    </Dialog>
  );
}

/** Does what a dialog is for, and closes it when it is done; else it says why not. */
export function useRun(onDone: () => void) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = (act: () => Promise<unknown>): void => {
    setBusy(true);
    setProblem(undefined);
    act().then(onDone, (error: unknown) => {
      setBusy(false);
      setProblem(wordsFor(failureOf(error)));
    });
  };
  return { isBusy, problem, run };
}
