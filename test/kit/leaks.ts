import type { RootHookObject } from "mocha";

const open = new Map<object, string>();

/** Notes something that a test has opened; the returned function notes that it was closed. */
export function opened(thing: object, what: string): () => void {
  open.set(thing, what);
  return () => void open.delete(thing);
}

/** A test that leaves something open fails, by name: mocha runs without `--exit`, so a leak would hang the run. */
export const mochaHooks: RootHookObject = {
  afterEach() {
    const left = [...open.values()];
    open.clear();
    if (left.length > 0) throw new Error(`The test left open: ${left.join(", ")}`);
  },
};
