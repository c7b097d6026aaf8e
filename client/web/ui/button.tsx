import type { ComponentProps } from "preact";
import { Icon, type IconName } from "./icon.tsx";
import "./button.css";

type Native = Omit<ComponentProps<"button">, "class" | "icon" | "size">;

interface ButtonProps extends Native {
  /** `primary`: what one came for, once in a place. `danger`: what cannot be taken back. */
  readonly look?: "primary" | "plain" | "quiet" | "danger" | undefined;
  readonly icon?: IconName | undefined;
  readonly class?: string | undefined;
}

/** A button of type `button`, unless it is said to submit. */
export function Button({ look = "plain", icon, class: own = "", children, ...native }: ButtonProps) {
  return (
    <button type="button" {...native} class={`button button-${look} ${own}`}>
      {icon && <Icon name={icon} size={18} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Native {
  readonly icon: IconName;
  /** What it does: its accessible name, and its tooltip. */
  readonly label: string;
  /** CSS pixels, of the icon. */
  readonly size?: number | undefined;
  readonly class?: string | undefined;
}

/** A button that shows an icon alone. */
export function IconButton({ icon, label, size, class: own = "", ...native }: IconButtonProps) {
  return (
    <button type="button" aria-label={label} title={label} {...native} class={`icon-button ${own}`}>
      <Icon name={icon} size={size} />
    </button>
  );
}

interface SegmentedProps<T extends string> {
  /** What is chosen here, for who cannot see it. */
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly label: string; readonly icon?: IconName }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Segmented<T extends string>({ label, options, value, onChange }: SegmentedProps<T>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.icon && <Icon name={option.icon} size={16} />}
          {option.label}
        </button>
      ))}
    </div>
  );
}
