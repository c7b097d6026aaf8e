import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Connection, Room, RoomSnapshot, RoomSummary, Session } from "../../index.ts";
import { useLive } from "../live.ts";
import { navigate } from "../shell/route.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { failureOf, wordsFor } from "../ui/words.ts";
import { Composer } from "./composer.tsx";
import { useAround, useFocusOnEntry, useMembersPane, usePeople, useWriting } from "./conversation-hooks.ts";
import { DeleteDialog, QuitDialog } from "./dialogs.tsx";
import { ConversationHeader } from "./header.tsx";
import { MessageLog } from "./log.tsx";
import { Members, MembersDrawer } from "./members.tsx";
import { type Memory, NOTHING_WRITTEN } from "./memory.ts";
import { LiftDialog, SanctionDialog } from "./moderation.tsx";
import { type Asked, PersonMenu } from "./person-menu.tsx";
import type { Person } from "./text.ts";
import { TypingLine } from "./typing-line.tsx";
import { isDirect, titleOf, whyNotHere } from "./words.ts";

interface ConversationProps {
  readonly connection: Connection;
  readonly room: Room;
  readonly me: Session["user"];
  readonly memory: Memory;
  readonly summary: RoomSummary | undefined;
  /** Somebody's name was learnt. */
  readonly onNames: () => void;
  /** Tries again to come in. */
  readonly onRejoin: () => void;
}

/** One room: what was said in it, where one writes, and who is there. */
export function Conversation({ connection, room, me, memory, summary, onNames, onRejoin }: ConversationProps) {
  const snapshot = useLive(room);
  const isOffline = useLive(connection.chat.channel).status !== "open";
  const people = usePeople(snapshot, me, memory, onNames);
  const title = titleOf(room.id, summary, (user) => memory.names.get(user) ?? user);
  const [writing, write] = useWriting(memory, room.id);
  const [asked, ask] = useState<Asked>();
  const [problem, setProblem] = useState<string>();
  const pane = useMembersPane(memory);
  const isModerator = me.roles.includes("moderator") && !isDirect(room.id);
  const mayWrite = snapshot.status !== "refused" && !snapshot.muted;
  const close = () => ask(undefined);
  const section = useRef<HTMLElement>(null);
  useFocusOnEntry(section);
  const isLeft = snapshot.status === "left";
  useEffect(() => {
    // On another device, say: nothing more is heard of it here.
    if (isLeft) navigate({ view: "chat" }, { replace: true });
  }, [isLeft]);
  const toField = useCallback(() => section.current?.querySelector("textarea")?.focus(), []);

  const around = useAround({ room, snapshot, me, people, isModerator, mayWrite, isOffline, write, writing, ask });
  const log = useMemo(
    () => <MessageLog room={room} snapshot={snapshot} title={title} around={around} onLeave={toField} />,
    [room, snapshot, title, around, toField],
  );

  async function send(): Promise<void> {
    const { edit, text, replyTo } = writing;
    setProblem(undefined);
    try {
      if (edit && edit.text !== edit.entry.text) await room.edit(edit.entry.seq, edit.text);
      else if (!edit) room.send({ text, ...(replyTo && { replyTo: replyTo.seq }) });
      write(edit ? { text } : NOTHING_WRITTEN);
    } catch (error) {
      setProblem(wordsFor(failureOf(error), { too_large: "100 messages wait already. Wait until they are sent." }));
    }
  }

  function editLast(): void {
    const last = snapshot.messages.findLast(({ from, deletedAt }) => from.id === me.id && deletedAt === undefined);
    if (last && mayWrite) around.edit(last);
  }

  const members = { snapshot, me, isModerator, onClose: pane.close, onPick: pick, onLift: () => ask({ kind: "lift" }) };
  function pick(person: Person, anchor: HTMLElement): void {
    ask({ kind: "person", person, anchor });
  }

  const isPaneOpen = pane.isOpen && snapshot.status !== "refused";
  const menu = asked?.kind === "person" && (
    <PersonMenu
      asked={asked}
      chat={connection.chat}
      me={me}
      room={room}
      isHere={snapshot.members.some(({ id }) => id === asked.person.id)}
      isModerator={isModerator}
      ask={ask}
    />
  );
  return (
    <>
      <section class="conversation" aria-label={title} ref={section}>
        <ConversationHeader
          room={room.id}
          title={title}
          summary={summary}
          snapshot={snapshot}
          pane={pane}
          onQuit={() => ask({ kind: "quit" })}
        />
        {snapshot.status === "refused" && snapshot.messages.length === 0 ? null : log}
        {snapshot.status === "refused" ? (
          <Refused snapshot={snapshot} onRejoin={onRejoin} />
        ) : (
          <footer class="conversation-footer">
            <TypingLine users={snapshot.typing} nameOf={(user) => memory.names.get(user) ?? user} />
            <Composer
              title={title}
              writing={writing}
              muted={snapshot.muted}
              isOffline={isOffline}
              people={snapshot.members}
              problem={problem}
              onWrite={(next) => (setProblem(undefined), write(next))}
              onTyping={room.setTyping}
              onSend={() => void send()}
              onEditLast={editLast}
            />
          </footer>
        )}
      </section>
      {isPaneOpen && !pane.isDrawer && <Members {...members} />}
      {isPaneOpen && pane.isDrawer ? <MembersDrawer {...members}>{menu}</MembersDrawer> : menu}
      {asked?.kind === "sanction" && (
        <SanctionDialog kind={asked.sanction} person={asked.person} room={room} onClose={close} />
      )}
      {asked?.kind === "lift" && <LiftDialog room={room} people={people} onClose={close} />}
      {asked?.kind === "delete" && (
        <DeleteDialog room={room} entry={asked.entry} isOwn={asked.entry.from.id === me.id} onClose={close} />
      )}
      {asked?.kind === "quit" && <QuitDialog room={room} title={title} onClose={close} />}
    </>
  );
}

/** One may not be here. */
function Refused({ snapshot, onRejoin }: { readonly snapshot: RoomSnapshot; readonly onRejoin: () => void }) {
  const { title, more } = whyNotHere(snapshot.failure ?? failureOf(undefined));
  return (
    <div class="refused" role="alert">
      <EmptyState icon="ban" title={title}>
        {more !== "" && <p dir="auto">{more}</p>}
        {snapshot.failure?.code !== "bad_request" && <Button onClick={onRejoin}>Try again</Button>}
      </EmptyState>
    </div>
  );
}
