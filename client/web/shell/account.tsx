import { useId } from "preact/hooks";
import type { Session } from "../../index.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, Segmented } from "../ui/button.tsx";
import { useLive } from "../live.ts";
import { chooseTheme, chosenTheme, type Theme } from "./theme.ts";
import "./account.css";

const THEMES = [
  { value: "auto", label: "Auto", icon: "system" },
  { value: "light", label: "Light", icon: "light" },
  { value: "dark", label: "Dark", icon: "dark" },
] as const satisfies readonly { value: Theme; label: string; icon: string }[];

interface AccountProps {
  readonly user: Session["user"];
  readonly onSignOut: () => void;
}

/** Who one is, behind one's picture: the theme, and the way out. */
export function Account({ user, onSignOut }: AccountProps) {
  const theme = useLive(chosenTheme);
  const id = useId();
  return (
    <>
      <button type="button" class="account-button" popovertarget={id}>
        <Avatar id={user.id} name={user.name} size={32} />
        <span class="nav-label" aria-hidden="true">
          You
        </span>
        <span class="unseen">Account: {user.name}</span>
      </button>
      <div id={id} class="account" popover="auto" role="group" aria-label="Account">
        <div class="account-who">
          <Avatar id={user.id} name={user.name} size={40} />
          <div>
            <p class="account-name">
              <bdi>{user.name}</bdi>
            </p>
            <p class="account-id">{[user.id, ...user.roles].join(" · ")}</p>
          </div>
        </div>
        <Segmented label="Theme" options={THEMES} value={theme} onChange={chooseTheme} />
        <Button icon="sign-out" onClick={onSignOut}>
          Sign out
        </Button>
      </div>
    </>
  );
}
