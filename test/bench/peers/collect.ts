// Runs before a worker's program, and collects its garbage when it is told to.

process.on("message", (question) => {
  if (question !== "collect") return;
  if (!globalThis.gc) throw new Error("Node was not started with --expose-gc");
  // What the first finds is let go of by finalizers and weak references only then.
  globalThis.gc();
  globalThis.gc();
  process.send?.("collected");
});
