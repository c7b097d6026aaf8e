import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";
import "./empty-state.css";

interface EmptyStateProps {
  readonly icon: IconName;
  readonly title: string;
  /** What one can do about it, or why it is so. */
  readonly children?: ComponentChildren;
}

/** Stands where there is nothing to show. */
export function EmptyState({ icon, title, children }: EmptyStateProps) {
  return (
    <div class="empty-state">
      <Icon name={icon} size={32} />
      <p class="empty-state-title">{title}</p>
      {children && <div class="empty-state-more">{children}</div>}
    </div>
  );
}
