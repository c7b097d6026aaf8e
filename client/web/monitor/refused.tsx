import type { Failure } from "../../index.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";

// Two lines, so that no browser breaks it between two hyphens.
const COMMAND = "JWT_SECRET=… npx carillon token \\\n  --sub ann --role monitor";

/** Why there is nothing to see here, and what would help. */
export function Refused({ failure, retry }: { failure: Failure | undefined; retry: () => void }) {
  const isRoleMissing = failure?.code === "forbidden";
  return (
    <EmptyState icon="lock" title={isRoleMissing ? "The role “monitor” is needed" : "The monitor is closed to you"}>
      {isRoleMissing ? <HowToGetIt /> : <p>{failure?.message ?? "The server did not say why."}</p>}
      <Button onClick={retry}>Try again</Button>
    </EmptyState>
  );
}

function HowToGetIt() {
  return (
    <>
      <p>
        Hosts and workers are shown to those whose token has the role <code>monitor</code>; guests do not have it.
        Whoever runs this service can print such a token, with the secret that it was started with:
      </p>
      <pre class="monitor-command">
        <code>{COMMAND}</code>
      </pre>
      <p>Then sign out here, and sign in with that token.</p>
    </>
  );
}
