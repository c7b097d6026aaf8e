import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";

/** A view that breaks does not take the others with it. */
export function ErrorBoundary({ children }: { readonly children: ComponentChildren }) {
  const [error, retry] = useErrorBoundary((thrown) => console.error(thrown));
  if (error === undefined) return <>{children}</>;
  return (
    <EmptyState icon="alert-triangle" title="This view has broken">
      <p>That is a bug of this page. What you wrote is kept.</p>
      <Button icon="retry" onClick={retry}>
        Try again
      </Button>
    </EmptyState>
  );
}
