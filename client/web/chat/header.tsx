import { useState } from "preact/hooks";
import type { RoomSnapshot, RoomSummary } from "../../index.ts";
import { hrefOf } from "../shell/route.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import type { MembersPane } from "./conversation-hooks.ts";
import { Menu } from "./menu.tsx";
import { isDirect } from "./words.ts";

interface ConversationHeaderProps {
  readonly room: string;
  readonly title: string;
  readonly summary: RoomSummary | undefined;
  readonly snapshot: RoomSnapshot;
  readonly pane: MembersPane;
  readonly onQuit: () => void;
}

/** Which room it is, and what can be done with it. */
export function ConversationHeader({ room, title, summary, snapshot, pane, onQuit }: ConversationHeaderProps) {
  const [anchor, setAnchor] = useState<HTMLElement>();
  const isHere = snapshot.status !== "refused";
  return (
    <header class="pane-header conversation-header">
      <a class="icon-button conversation-back" href={hrefOf({ view: "chat" })} aria-label="Back to rooms">
        <Icon name="back" />
      </a>
      {isDirect(room) ? <Avatar id={summary?.with ?? room} name={title} size={28} /> : <Icon name="hash" />}
      <h1 class="conversation-title" tabIndex={-1}>
        <bdi>{title}</bdi>
      </h1>
      {isHere && (
        <>
          <button
            type="button"
            class="members-toggle"
            aria-expanded={pane.isOpen}
            title={pane.isOpen ? "Hide members" : "Show members"}
            onClick={pane.toggle}
          >
            <Icon name="people" />
            <span class="tabular" aria-hidden="true">
              {snapshot.memberCount}
            </span>
            <span class="unseen">Show members ({snapshot.memberCount} here)</span>
          </button>
          <IconButton
            icon="more"
            label="Room options"
            aria-haspopup="menu"
            aria-expanded={anchor !== undefined}
            onClick={(event) => setAnchor(event.currentTarget)}
          />
        </>
      )}
      {anchor && (
        <Menu
          label={`What can be done with ${title}`}
          anchor={anchor}
          items={[
            {
              icon: "sign-out",
              label: isDirect(room) ? "Leave conversation" : "Leave room",
              isDangerous: true,
              act: onQuit,
            },
          ]}
          onClose={() => setAnchor(undefined)}
        />
      )}
    </header>
  );
}
