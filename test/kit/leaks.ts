import type { RootHookObject } from "mocha";

const open = new Map<object, string>();

/** What a `before` of the file has opened, for all its tests. */
let shared: ReadonlySet<object> = new Set();

/** Notes something that a test has opened; the returned function notes that it was closed. */
export function opened(thing: object, what: string): () => void {
  open.set(thing, what);
  return () => void open.delete(thing);
}

/** A test that leaves something open fails, by name: mocha runs without `--exit`, so a leak would hang the run. */
export const mochaHooks: RootHookObject = {
  beforeEach() {
    shared = new Set(open.keys());
  },
  afterEach() {
    const left = [...open].filter(([thing]) => !shared.has(thing));
    for (const [thing] of left) open.delete(thing);
    if (left.length > 0) throw new Error(`The test left open: ${left.map(([, what]) => what).join(", ")}`);
  },
  afterAll() {
    if (open.size > 0) throw new Error(`A file left open: ${[...open.values()].join(", ")}`);
  },
};
