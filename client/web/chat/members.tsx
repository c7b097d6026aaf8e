import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { RoomSnapshot } from "../../index.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import type { Person } from "./text.ts";

interface MembersProps {
  readonly snapshot: RoomSnapshot;
  readonly me: Person;
  readonly isModerator: boolean;
  readonly onClose: () => void;
  readonly onPick: (person: Person, anchor: HTMLElement) => void;
  /** Ends a ban or a mute of somebody who is not here. */
  readonly onLift: () => void;
}

/** Who is in the room now. */
export function Members({ snapshot, me, isModerator, onClose, onPick, onLift }: MembersProps) {
  const { members, memberCount, typing, status } = snapshot;
  const hidden = memberCount - members.length;
  return (
    <aside class="members" aria-label="Members">
      <header class="pane-header">
        <h2>
          Members <span class="members-count tabular">{memberCount}</span>
        </h2>
        <IconButton icon="close" label="Close members" onClick={onClose} />
      </header>
      <ul class="members-list">
        {members.map((member) => (
          <li key={member.id}>
            <button
              type="button"
              class="member"
              disabled={member.id === me.id}
              onClick={(event) => onPick(member, event.currentTarget)}
            >
              <Avatar id={member.id} name={member.name} size={28} isPresent={status === "live"} />
              <bdi class="member-name">{member.name}</bdi>
              {member.id === me.id && <span class="member-note">you</span>}
              {typing.includes(member.id) && <span class="member-note">typing</span>}
            </button>
          </li>
        ))}
      </ul>
      {hidden > 0 && members.length > 0 && <p class="members-more">and {hidden.toLocaleString()} more</p>}
      {isModerator && (
        <footer class="members-footer">
          <Button look="quiet" icon="ban" onClick={onLift}>
            Unban or unmute …
          </Button>
        </footer>
      )}
    </aside>
  );
}

/** The members, over the rest of a small window. */
export function MembersDrawer({ children, ...props }: MembersProps & { readonly children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const drawer = ref.current;
    drawer?.showModal();
    return () => drawer?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      class="drawer"
      aria-label="Members of this room"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => event.target === event.currentTarget && props.onClose()}
    >
      <Members {...props} />
      {/* Whatever is outside of a modal dialog is out of reach. */}
      {children}
    </dialog>
  );
}
