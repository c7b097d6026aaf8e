import { useState } from "preact/hooks";
import type { Connection, ErrorCode } from "../../index.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { failureOf, wordsFor } from "../ui/words.ts";
import { type Credentials, keptName, signIn } from "./session.ts";
import icon from "../icon.svg";
import "./sign-in.css";

const GUEST_WORDS: Partial<Record<ErrorCode, string>> = {
  not_found: "Guests are not let in here. Sign in with a token.",
  bad_request: "This name is not taken. Choose another one, of at most 100 characters.",
  unavailable: "Carillon cannot be reached. Check your connection, then try again.",
};

const TOKEN_WORDS: Partial<Record<ErrorCode, string>> = {
  token_expired: "This token has run out. Ask for a fresh one.",
  forbidden: "This token does not let you in.",
  unavailable: "Carillon cannot be reached. Check your connection, then try again.",
};

interface SignInProps {
  readonly onSignedIn: (connection: Connection) => void;
}

/** Asks who somebody is: a guest of any name, or the owner of a token. */
export function SignIn({ onSignedIn }: SignInProps) {
  const [busy, setBusy] = useState<Credentials["kind"]>();
  const [problem, setProblem] = useState<{ readonly kind: Credentials["kind"]; readonly words: string }>();

  async function enter(credentials: Credentials): Promise<void> {
    const { kind } = credentials;
    setBusy(kind);
    setProblem(undefined);
    try {
      onSignedIn(await signIn(credentials));
    } catch (error) {
      setProblem({ kind, words: wordsFor(failureOf(error), kind === "guest" ? GUEST_WORDS : TOKEN_WORDS) });
      setBusy(undefined);
    }
  }

  const common = (kind: Credentials["kind"]) => ({
    isBusy: busy === kind,
    isDisabled: busy !== undefined,
    problem: problem?.kind === kind ? problem.words : undefined,
    onEnter: (credentials: Credentials) => void enter(credentials),
  });
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <header>
          <img src={icon} alt="" width="56" height="56" />
          <h1>Carillon</h1>
          <p>Chat, live metrics and notifications, in one place.</p>
        </header>
        <GuestForm {...common("guest")} />
        <p class="sign-in-or">or with a token</p>
        <TokenForm {...common("token")} />
      </div>
    </main>
  );
}

interface FormProps {
  readonly isBusy: boolean;
  readonly isDisabled: boolean;
  readonly problem: string | undefined;
  readonly onEnter: (credentials: Credentials) => void;
}

function GuestForm({ isBusy, isDisabled, problem, onEnter }: FormProps) {
  const [name, setName] = useState(keptName.read() ?? "");
  const submit = (event: Event) => {
    event.preventDefault();
    if (name.trim() !== "") onEnter({ kind: "guest", name: name.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Field
        label="Your name"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
        problem={problem}
        required
        autofocus
        maxLength={100}
        autocomplete="nickname"
        enterkeyhint="go"
        dir="auto"
      />
      <Button look="primary" type="submit" disabled={isDisabled}>
        {isBusy ? "Entering …" : "Enter"}
      </Button>
    </form>
  );
}

function TokenForm({ isBusy, isDisabled, problem, onEnter }: FormProps) {
  const [token, setToken] = useState("");
  const [stays, setStays] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    // What is copied out of a terminal comes with line ends.
    const clean = token.replace(/\s/g, "");
    if (clean !== "") onEnter({ kind: "token", token: clean, stays });
  };
  return (
    <form onSubmit={submit}>
      <Field
        label="Token"
        class="sign-in-token"
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
        problem={problem}
        required
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        enterkeyhint="go"
      />
      <label class="sign-in-stay">
        <input type="checkbox" checked={stays} onChange={(event) => setStays(event.currentTarget.checked)} />
        Stay signed in on this tab
      </label>
      <Button type="submit" disabled={isDisabled}>
        {isBusy ? "Signing in …" : "Sign in"}
      </Button>
    </form>
  );
}
