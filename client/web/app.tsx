import { useState } from "preact/hooks";
import type { Connection } from "../index.ts";
import { resume, signOut } from "./shell/session.ts";
import { Shell } from "./shell/shell.tsx";
import { SignIn } from "./shell/sign-in.tsx";
import { Toasts } from "./ui/toasts.tsx";

/** The whole app: whoever is signed in is in the shell, whoever is not is asked. */
export function App() {
  const [connection, setConnection] = useState<Connection | undefined>(resume);
  if (!connection) return <SignIn onSignedIn={setConnection} />;
  const leave = () => {
    signOut(connection);
    setConnection(undefined);
  };
  return (
    <Toasts>
      <Shell connection={connection} onSignOut={leave} />
    </Toasts>
  );
}
