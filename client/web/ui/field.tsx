import type { ComponentChildren, ComponentProps } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icon.tsx";
import "./field.css";

interface FieldProps extends Omit<ComponentProps<"input">, "id" | "label"> {
  readonly label: string;
  /** What helps to fill it in. */
  readonly hint?: ComponentChildren;
  /** The label is told, and not shown: what it says is in sight already. */
  readonly isLabelUnseen?: boolean | undefined;
  /** What is wrong with it. */
  readonly problem?: string | undefined;
}

/** A line of text that somebody fills in, with its label. */
export function Field({ label, hint, problem, isLabelUnseen, ...native }: FieldProps) {
  const id = useId();
  const hintId = useId();
  return (
    <div class="field">
      <label for={id} class={isLabelUnseen ? "unseen" : undefined}>
        {label}
      </label>
      <input
        {...native}
        id={id}
        aria-invalid={problem ? true : undefined}
        aria-describedby={hint || problem ? hintId : undefined}
      />
      <Hint id={hintId} hint={hint} problem={problem} />
    </div>
  );
}

function Hint({ id, hint, problem }: { id: string; hint: ComponentChildren; problem: string | undefined }) {
  if (problem)
    return (
      <p id={id} class="field-problem" role="alert">
        <Icon name="alert-circle" size={16} />
        {problem}
      </p>
    );
  return hint ? (
    <p id={id} class="field-hint">
      {hint}
    </p>
  ) : null;
}
