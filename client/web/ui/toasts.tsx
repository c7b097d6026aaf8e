import { type ComponentChildren, createContext } from "preact";
import { useCallback, useContext, useEffect, useMemo, useState } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { type Level, LevelIcon } from "./level.tsx";
import { usePageHidden } from "./visibility.ts";
import { failureOf, wordsFor } from "./words.ts";
import "./toasts.css";

export interface Toast {
  readonly level: Level;
  readonly title: string;
  readonly body?: string | undefined;
  /** What can be done about it: one link or button. It goes with the toast. */
  readonly action?: ComponentChildren;
  /** Until it is dismissed; else it goes by itself. */
  readonly stays?: boolean | undefined;
}

interface Shown extends Toast {
  readonly key: number;
}

const SHOWN_MS = 7_000;
/** More cover what one is at. */
const MOST = 4;

type ShowToast = (toast: Toast) => () => void;

const ToastContext = createContext<ShowToast>(() => () => {});

/** Shows a toast: it tells something in passing, and is read out without taking the focus. What that returns takes it away. */
export function useToast(): ShowToast {
  return useContext(ToastContext);
}

/** Does something that may fail, and says so in a toast. @returns whether it was done. */
export function useAttempt(): (act: () => Promise<unknown>) => Promise<boolean> {
  const show = useToast();
  return useCallback(
    async (act) => {
      try {
        await act();
        return true;
      } catch (error) {
        show({ level: "warning", title: "That did not work", body: wordsFor(failureOf(error)) });
        return false;
      }
    },
    [show],
  );
}

/** Shows the toasts of everything in it. */
export function Toasts({ children }: { readonly children: ComponentChildren }) {
  const [toasts, setToasts] = useState<readonly Shown[]>([]);
  const dismiss = useCallback((key: number) => setToasts((shown) => shown.filter((toast) => toast.key !== key)), []);
  const show = useMemo<ShowToast>(() => {
    let last = 0;
    return (toast) => {
      const key = ++last;
      setToasts((shown) => withoutExcess([...shown, { ...toast, key }]));
      return () => dismiss(key);
    };
  }, []);
  return (
    <ToastContext.Provider value={show}>
      {children}
      <section class="toasts" aria-label="Announcements" aria-live="polite" aria-relevant="additions">
        {toasts.map((toast) => (
          <ToastCard key={toast.key} toast={toast} dismiss={dismiss} />
        ))}
      </section>
    </ToastContext.Provider>
  );
}

/** The oldest go first, those that stay last. */
function withoutExcess(toasts: readonly Shown[]): readonly Shown[] {
  if (toasts.length <= MOST) return toasts;
  const excess = toasts.find(({ stays }) => !stays) ?? toasts[0];
  return toasts.filter((toast) => toast !== excess);
}

function ToastCard({ toast, dismiss }: { readonly toast: Shown; readonly dismiss: (key: number) => void }) {
  const { key, level, title, body, action, stays } = toast;
  const [isHeld, setHeld] = useState(false);
  const isPageHidden = usePageHidden();
  useEffect(() => {
    // Nobody shall miss one because he was looking at it, or not there.
    if (stays || isHeld || isPageHidden) return;
    const timer = setTimeout(() => dismiss(key), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [stays, isHeld, isPageHidden]);
  return (
    <div
      class="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
      onKeyDown={(event) => event.key === "Escape" && dismiss(key)}
    >
      <LevelIcon level={level} />
      <div class="toast-text">
        <p class="toast-title" dir="auto">
          {title}
        </p>
        {body !== undefined && (
          <p class="toast-body" dir="auto">
            {body}
          </p>
        )}
        {action && (
          <div class="toast-action" onClick={() => dismiss(key)}>
            {action}
          </div>
        )}
      </div>
      <IconButton icon="close" label="Dismiss" size={18} onClick={() => dismiss(key)} />
    </div>
  );
}
