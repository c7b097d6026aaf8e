import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Connection } from "../../index.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";

interface MonitorProps {
  readonly connection: Connection;
}

/** The monitor, which brings its charts along and is loaded when somebody first looks at it. */
export function LazyMonitor({ connection }: MonitorProps) {
  const [loaded, setLoaded] = useState<{ readonly View: ComponentType<MonitorProps> } | "failed">();
  useEffect(() => {
    import("../monitor/view.tsx").then(
      ({ MonitorView }) => setLoaded({ View: MonitorView }),
      () => setLoaded("failed"),
    );
  }, []);
  if (loaded === "failed")
    return (
      <EmptyState icon="offline" title="The monitor could not be loaded">
        <p>There may be no connection, or a new version of this page.</p>
        <Button icon="retry" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </EmptyState>
    );
  return loaded ? <loaded.View connection={connection} /> : null;
}
