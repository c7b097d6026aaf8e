import { useState } from "preact/hooks";
import type { Notify } from "../../index.ts";
import { useLive } from "../live.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { useAttempt } from "../ui/toasts.tsx";
import { failureOf, wordsFor } from "../ui/words.ts";

/** Not dots only: those are no names of anything. */
const TOPIC = /^(?!\.+$)[A-Za-z0-9_.-]{1,64}$/;

const FORM = "A topic has letters, digits, “_”, “.” and “-”, and at most 64 of them.";

/** The topics that one gets notifications of, and how to get those of others. */
export function Topics({ inbox }: { readonly inbox: Notify }) {
  const { topics } = useLive(inbox);
  const attempt = useAttempt();
  return (
    <section class="topics">
      <h2>Topics</h2>
      <SubscribeForm inbox={inbox} />
      {topics.length === 0 ? (
        <p class="topics-none">You are subscribed to none.</p>
      ) : (
        <ul role="list">
          {topics.map((topic) => (
            <li key={topic}>
              <Icon name="topic" size={16} />
              <span>{topic}</span>
              <IconButton
                icon="close"
                size={16}
                label={`Unsubscribe from ${topic}`}
                onClick={() => void attempt(() => inbox.unsubscribeFrom(topic))}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function SubscribeForm({ inbox }: { readonly inbox: Notify }) {
  const [topic, setTopic] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function subscribe(): Promise<void> {
    const name = topic.trim();
    if (!TOPIC.test(name)) return setProblem(FORM);
    setBusy(true);
    try {
      await inbox.subscribeTo(name);
      setTopic("");
      setProblem(undefined);
    } catch (error) {
      setProblem(wordsFor(failureOf(error), { forbidden: `“${name}” is not open to you.`, bad_request: FORM }));
    }
    setBusy(false);
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void subscribe();
      }}
    >
      <Field
        label="Topic"
        value={topic}
        problem={problem}
        onInput={(event) => {
          setTopic(event.currentTarget.value);
          setProblem(undefined);
        }}
        isLabelUnseen
        placeholder="Name of a topic"
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
      />
      <Button type="submit" disabled={isBusy || topic.trim() === ""}>
        Subscribe
      </Button>
    </form>
  );
}
