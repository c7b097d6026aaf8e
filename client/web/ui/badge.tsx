import "./badge.css";

interface BadgeProps {
  readonly count: number;
  /** What is counted, for who cannot see where it stands: "unread". */
  readonly of?: string | undefined;
}

/** A count, where there is anything to count. */
export function Badge({ count, of = "unread" }: BadgeProps) {
  if (count <= 0) return null;
  return (
    <span class="badge">
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span class="unseen">
        {" "}
        ({count} {of})
      </span>
    </span>
  );
}
