import type { RoomsSnapshot, RoomSummary } from "../../index.ts";
import { hrefOf } from "../shell/route.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Badge } from "../ui/badge.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icon.tsx";
import { isDirect, titleOf } from "./words.ts";

interface RoomsProps {
  readonly snapshot: RoomsSnapshot;
  readonly current: string | undefined;
  nameOf(user: string): string;
  onJoin(): void;
  onDirect(): void;
}

/** One's own rooms. */
export function Rooms({ snapshot, current, nameOf, onJoin, onDirect }: RoomsProps) {
  const { rooms, isLoaded } = snapshot;
  const direct = rooms.filter(({ kind }) => kind === "direct");
  const others = rooms.filter(({ kind }) => kind === "room");
  const link = (summary: RoomSummary) => (
    <RoomLink
      key={summary.room}
      summary={summary}
      isCurrent={summary.room === current}
      title={titleOf(summary.room, summary, nameOf)}
    />
  );
  return (
    <nav class="rooms" aria-label="Rooms">
      <header class="pane-header">
        {/* The page is about the room that one is in, if one is in any. */}
        {current === undefined ? <h1>Chat</h1> : <h2 class="pane-title">Chat</h2>}
        <span class="pane-actions">
          <IconButton icon="edit" label="New direct message" onClick={onDirect} />
          <IconButton icon="plus" label="Join a room" onClick={onJoin} />
        </span>
      </header>
      <div class="rooms-body">
        {others.length > 0 && <h2 class="rooms-heading">Rooms</h2>}
        <ul>{others.map(link)}</ul>
        {direct.length > 0 && <h2 class="rooms-heading">Direct messages</h2>}
        <ul>{direct.map(link)}</ul>
        {!isLoaded && rooms.length === 0 && <p class="rooms-note">Loading your rooms …</p>}
        {isLoaded && rooms.length === 0 && (
          <EmptyState icon="hash" title="No rooms yet">
            <p>Join one that is open, or begin one of your own.</p>
            <Button look="primary" onClick={onJoin}>
              Find a room
            </Button>
          </EmptyState>
        )}
      </div>
    </nav>
  );
}

interface RoomLinkProps {
  readonly summary: RoomSummary;
  readonly title: string;
  readonly isCurrent: boolean;
}

function RoomLink({ summary, title, isCurrent }: RoomLinkProps) {
  const { room, unread } = summary;
  return (
    <li>
      <a
        class={unread > 0 ? "room-link is-unread" : "room-link"}
        href={hrefOf({ view: "chat", room })}
        aria-current={isCurrent ? "page" : undefined}
      >
        {isDirect(room) ? <Avatar id={summary.with ?? room} name={title} size={24} /> : <Icon name="hash" size={18} />}
        <bdi class="room-name">{title}</bdi>
        <Badge count={unread} />
      </a>
    </li>
  );
}
