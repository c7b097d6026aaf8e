import type { Chat, Entry, Room } from "../../index.ts";
import { navigate } from "../shell/route.ts";
import { useAttempt, useToast } from "../ui/toasts.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import type { SanctionKind } from "./moderation.tsx";
import type { Person } from "./text.ts";

/** What somebody is asked, or wants to choose. */
export type Asked =
  | { readonly kind: "person"; readonly person: Person; readonly anchor: HTMLElement }
  | { readonly kind: "sanction"; readonly sanction: SanctionKind; readonly person: Person }
  | { readonly kind: "delete"; readonly entry: Entry }
  | { readonly kind: "lift" | "quit" };

interface PersonMenuProps {
  readonly asked: Extract<Asked, { kind: "person" }>;
  readonly chat: Chat;
  readonly me: Person;
  readonly room: Room;
  /** Whether he is among the members that are shown. */
  readonly isHere: boolean;
  readonly isModerator: boolean;
  ask(asked: Asked | undefined): void;
}

/** What can be done about somebody. */
export function PersonMenu({ asked, chat, me, room, isHere, isModerator, ask }: PersonMenuProps) {
  const { person, anchor } = asked;
  const attempt = useAttempt();
  const toast = useToast();
  const sanction = (kind: SanctionKind) => () => ask({ kind: "sanction", sanction: kind, person });
  const lift = (kind: "unmute" | "unban", title: string) => () =>
    void attempt(async () => {
      await room[kind](person.id);
      toast({ level: "success", title });
    });
  const write = () =>
    void attempt(async () => {
      const { id } = await chat.direct(person.id);
      navigate({ view: "chat", room: id });
    });
  const copy = () =>
    void attempt(async () => {
      await navigator.clipboard.writeText(person.id);
      toast({ level: "success", title: "Copied", body: person.id });
    });
  const isOther = person.id !== me.id;
  const sanctions: MenuItem[] = [
    { icon: "mute", label: "Mute …", act: sanction("mute") },
    { icon: "check", label: "Unmute", act: lift("unmute", `${person.name} may write again`) },
    { icon: "person-out", label: "Remove from the room …", isDangerous: true, act: sanction("kick") },
    { icon: "ban", label: "Ban …", isDangerous: true, act: sanction("ban") },
    // Nobody who is banned is here.
    ...(isHere
      ? []
      : [{ icon: "check-circle", label: "Unban", act: lift("unban", `${person.name} may come back`) } as const]),
  ];
  const items: MenuItem[] = [
    ...(isOther ? [{ icon: "chat", label: "Send a direct message", act: write } as const] : []),
    // Not where the page came over a line that anybody may read.
    ...("clipboard" in navigator ? [{ icon: "at", label: "Copy the user id", act: copy } as const] : []),
    ...(isOther && isModerator ? sanctions : []),
  ];
  return (
    <Menu
      label={`What can be done about ${person.name}`}
      anchor={anchor}
      items={items}
      onClose={() => ask(undefined)}
    />
  );
}
