import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Connection, Room, Session } from "../../index.ts";
import { useLive } from "../live.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { Button } from "../ui/button.tsx";
import { Conversation } from "./conversation.tsx";
import { DirectDialog, JoinDialog } from "./dialogs.tsx";
import { type Memory, memoryOf } from "./memory.ts";
import { Rooms } from "./rooms.tsx";
import "./chat.css";
import "./message.css";
import "./composer.css";

interface ChatViewProps {
  readonly connection: Connection;
  readonly me: Session["user"];
  /** The room that one looks at. */
  readonly room: string | undefined;
}

/** One's rooms, and the one that one is in. */
export function ChatView({ connection, me, room: id }: ChatViewProps) {
  const { chat } = connection;
  const snapshot = useLive(chat.rooms);
  const memory = memoryOf(connection);
  const [, drawAgain] = useState({});
  const onNames = useCallback(() => drawAgain({}), []);
  const [dialog, setDialog] = useState<"join" | "direct">();
  const { room, rejoin } = useRoom(connection, memory, id);
  const close = () => setDialog(undefined);
  const nameOf = (user: string) => memory.names.get(user) ?? user;
  return (
    <div class={id === undefined ? "chat" : "chat is-in-room"}>
      <Rooms
        snapshot={snapshot}
        current={id}
        nameOf={nameOf}
        onJoin={() => setDialog("join")}
        onDirect={() => setDialog("direct")}
      />
      {room ? (
        <Conversation
          key={room.id}
          connection={connection}
          room={room}
          me={me}
          memory={memory}
          summary={snapshot.rooms.find((summary) => summary.room === room.id)}
          onNames={onNames}
          onRejoin={rejoin}
        />
      ) : (
        <section class="conversation is-empty" aria-label="Conversation">
          <EmptyState icon="chat" title="No room chosen">
            <p>Choose one of your rooms, or join another.</p>
            <Button look="primary" onClick={() => setDialog("join")}>
              Find a room
            </Button>
          </EmptyState>
        </section>
      )}
      {dialog === "join" && <JoinDialog chat={chat} onClose={close} />}
      {dialog === "direct" && <DirectDialog chat={chat} people={peopleOf(memory, me.id)} onClose={close} />}
    </div>
  );
}

/** So many rooms are attended at once: whoever comes back to one of them finds it as it was. */
const MOST_ATTENDED = 8;

function useRoom(
  { chat }: Connection,
  { attended }: Memory,
  id: string | undefined,
): { room: Room | undefined; rejoin: () => void } {
  const [attempt, setAttempt] = useState(0);
  const room = useMemo(() => (id === undefined ? undefined : chat.join(id)), [chat, id, attempt]);
  useEffect(() => {
    if (!room) return;
    attended.delete(room.id);
    attended.set(room.id, room);
    for (const [oldest, { leave }] of attended) {
      if (attended.size <= MOST_ATTENDED) break;
      attended.delete(oldest);
      leave();
    }
  }, [room]);
  const rejoin = useCallback(() => setAttempt((before) => before + 1), []);
  return { room, rejoin };
}

function peopleOf({ names }: Memory, me: string) {
  return [...names].filter(([id]) => id !== me).map(([id, name]) => ({ id, name }));
}
