import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RoomSnapshot } from "../../index.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import type { Writing } from "./memory.ts";
import { MentionList, useMentions } from "./mentions.tsx";
import { startOf } from "./message-text.tsx";
import type { Person } from "./text.ts";
import { countOf, untilOf } from "./words.ts";

/** What a message may have, in UTF-16 units. */
const MOST_UNITS = 4_000;
/** From here on one is told how much is left. */
const NEAR_UNITS = 3_500;

interface ComposerProps {
  readonly title: string;
  readonly writing: Writing;
  readonly muted: RoomSnapshot["muted"];
  readonly isOffline: boolean;
  /** Who may be meant by an @. */
  readonly people: readonly Person[];
  /** What went wrong with the last one. */
  readonly problem: string | undefined;
  onWrite(writing: Writing): void;
  /** One presses a key that writes something. */
  onTyping(isTyping: boolean): void;
  /** The text is neither empty nor too long. */
  onSend(): void;
  /** Takes up one's last message. */
  onEditLast(): void;
}

/** Where one writes. */
export function Composer(props: ComposerProps) {
  const { title, writing, muted, isOffline, people, problem, onWrite, onTyping, onSend, onEditLast } = props;
  const text = writing.edit?.text ?? writing.text;
  const field = useRef<HTMLTextAreaElement>(null);
  const hintId = useId();
  const isFull = text.length > MOST_UNITS;
  const maySend = text.trim() !== "" && !isFull && !muted;
  useHeight(field, text);
  useFocusOn(field, writing);

  function write(next: string): void {
    onWrite(writing.edit ? { ...writing, edit: { ...writing.edit, text: next } } : { ...writing, text: next });
    if (!writing.edit) onTyping(next !== "");
  }

  function send(): void {
    if (maySend) onSend();
    field.current?.focus();
  }

  const mentions = useMentions({ field, text, people, write });

  function onKeyDown(event: KeyboardEvent): void {
    // While an input method is composing, its keys are its own: Enter chooses a word there. Safari says so by the code alone.
    if (event.isComposing || event.keyCode === 229 || mentions.take(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && (writing.edit || writing.replyTo)) onWrite({ text: writing.text });
    else if (event.key === "ArrowUp" && text === "" && !writing.edit) {
      event.preventDefault();
      onEditLast();
    }
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <About writing={writing} onCancel={() => onWrite({ text: writing.text })} />
      <div class={isFull ? "composer-field is-full" : "composer-field"}>
        <textarea
          ref={field}
          rows={1}
          aria-label="Message"
          aria-describedby={hintId}
          aria-invalid={isFull || undefined}
          placeholder={muted ? "You are muted here" : `Message ${title}`}
          enterkeyhint="send"
          autocomplete="off"
          dir="auto"
          disabled={muted !== undefined}
          value={text}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          {...mentions.attributes}
        />
        <IconButton
          icon={writing.edit ? "check" : "send"}
          label={writing.edit ? "Save" : "Send"}
          type="submit"
          class="composer-send"
          disabled={!maySend}
        />
        <MentionList mentions={mentions} />
      </div>
      <p class="composer-hint" id={hintId} role="status">
        <Hint
          length={text.length}
          muted={muted}
          isOffline={isOffline}
          isEdit={writing.edit !== undefined}
          problem={problem}
        />
      </p>
    </form>
  );
}

/** What is being edited or answered. */
function About({ writing, onCancel }: { readonly writing: Writing; readonly onCancel: () => void }) {
  const { edit, replyTo } = writing;
  const about = edit?.entry ?? replyTo;
  if (!about) return null;
  return (
    <div class="composer-about">
      <Icon name={edit ? "edit" : "reply"} size={16} />
      <span class="composer-about-what">
        {edit ? "Editing" : "Reply to "}
        {!edit && <bdi>{about.from.name}</bdi>}
      </span>
      <span class="composer-about-text" dir="auto">
        {startOf(about.text ?? "")}
      </span>
      <IconButton icon="close" label={edit ? "Cancel editing" : "Cancel reply"} size={16} onClick={onCancel} />
    </div>
  );
}

interface HintProps {
  readonly length: number;
  readonly muted: RoomSnapshot["muted"];
  readonly isOffline: boolean;
  readonly isEdit: boolean;
  readonly problem: string | undefined;
}

/** One line below the field: the most urgent thing that there is to say. */
function Hint({ length, muted, isOffline, isEdit, problem }: HintProps) {
  if (muted)
    return (
      <span class="is-warning">
        <Icon name="mute" size={14} />
        {muted.untilAt === undefined
          ? "You are muted: you can read, but not write."
          : `You are muted${untilOf(muted.untilAt)}: you can read, but not write.`}
      </span>
    );
  if (length > MOST_UNITS)
    return (
      <span class="is-problem tabular">
        <Icon name="alert-circle" size={14} />
        {countOf(length - MOST_UNITS, "character")} too many: a message may have {MOST_UNITS.toLocaleString()}.
      </span>
    );
  if (problem)
    return (
      <span class="is-problem">
        <Icon name="alert-circle" size={14} />
        {problem}
      </span>
    );
  if (length > NEAR_UNITS) return <span class="tabular">{countOf(MOST_UNITS - length, "character")} left</span>;
  if (!isOffline) return null;
  return (
    <span>
      <Icon name="offline" size={14} />
      {isEdit
        ? "You are offline. An edit can be saved when the connection is back."
        : "You are offline. What you write is sent as soon as the connection is back."}
    </span>
  );
}

/** As high as its text; browsers that do so by themselves are left alone. */
function useHeight(field: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (!element || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
}

/** Whoever chose to answer or to edit wants to write now. */
function useFocusOn(field: { current: HTMLTextAreaElement | null }, { edit, replyTo }: Writing): void {
  const [first] = useState({ edit: edit?.entry, replyTo });
  useEffect(() => {
    const element = field.current;
    if (!element || (edit?.entry === first.edit && replyTo === first.replyTo)) return;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, [edit?.entry, replyTo]);
}
