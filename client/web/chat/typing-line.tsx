interface TypingLineProps {
  readonly users: readonly string[];
  nameOf(user: string): string;
}

/** Who types. The line is always there, so that nothing moves. */
export function TypingLine({ users, nameOf }: TypingLineProps) {
  const [first = "", second = "", third = ""] = users.map(nameOf);
  return (
    <p class="typing">
      {users.length > 0 && (
        <span class="typing-dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
      )}
      {users.length === 1 && (
        <>
          <bdi>{first}</bdi> is typing
        </>
      )}
      {users.length === 2 && (
        <>
          <bdi>{first}</bdi> and <bdi>{second}</bdi> are typing
        </>
      )}
      {users.length === 3 && (
        <>
          <bdi>{first}</bdi>, <bdi>{second}</bdi> and <bdi>{third}</bdi> are typing
        </>
      )}
      {users.length > 3 && "Several people are typing"}
    </p>
  );
}
