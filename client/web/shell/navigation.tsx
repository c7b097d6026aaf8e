import type { Session } from "../../index.ts";
import { Badge } from "../ui/badge.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Account } from "./account.tsx";
import { hrefOf, type View } from "./route.ts";
import { VIEW_NAMES } from "./title.ts";
import icon from "../icon.svg";
import "./navigation.css";

const VIEWS: readonly { readonly view: View; readonly icon: IconName }[] = [
  { view: "chat", icon: "chat" },
  { view: "notifications", icon: "bell" },
  { view: "monitor", icon: "monitor" },
];

interface NavigationProps {
  readonly view: View;
  readonly chatHref: string;
  /** How much is unread, by view. */
  readonly unread: Partial<Record<View, number>>;
  readonly user: Session["user"] | undefined;
  readonly onSignOut: () => void;
}

/** The rail at the side, or the bar at the bottom of a phone. */
export function Navigation({ view: current, chatHref, unread, user, onSignOut }: NavigationProps) {
  return (
    <nav class="navigation" aria-label="Views">
      <img class="navigation-icon" src={icon} alt="" width="32" height="32" />
      <ul>
        {VIEWS.map(({ view, icon: name }) => (
          <li key={view}>
            <a
              href={view === "chat" ? chatHref : hrefOf({ view })}
              aria-current={view === current ? "page" : undefined}
            >
              <Icon name={name} size={22} />
              <span class="nav-label">{VIEW_NAMES[view]}</span>
              <Badge count={unread[view] ?? 0} />
            </a>
          </li>
        ))}
      </ul>
      {user && <Account user={user} onSignOut={onSignOut} />}
    </nav>
  );
}
