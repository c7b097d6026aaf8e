import { createRequire } from "node:module";

/** `write-each.c`: writes the same to many by one call out of JavaScript, and says in `taken` how many bytes the kernel took of each one's. */
export type WriteEach = (fds: Int32Array, bytes: Uint8Array, taken: Int32Array) => void;

/** Nothing where it was not compiled for this machine: without a C compiler, or on another system. */
export function loadWriteEach(from = "#native/write-each.node"): WriteEach | undefined {
  try {
    const { writeEach } = createRequire(import.meta.url)(from) as { writeEach: WriteEach };
    // A descriptor that nobody has takes nothing.
    const taken = Int32Array.of(-1);
    writeEach(Int32Array.of(-1), Buffer.from("nothing"), taken);
    return taken[0] === 0 ? writeEach : undefined;
  } catch {
    return undefined;
  }
}
