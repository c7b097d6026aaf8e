import { spawnSync } from "node:child_process";
import { expect } from "chai";

const TSX = import.meta.resolve("tsx");
const COMPILER = new URL("../../src/compiler.ts", import.meta.url).href;

/** The bit in which V8 says that a function is compiled. */
const COMPILED = 1 << 4;

/** How often a function is called until it is compiled: before it is to be sooner, then, and afterwards; in a Node of its own. */
function calls({ flags = [] as string[], first = "" } = {}): [before: number, sooner: number, after: number] {
  const source = `
    import { compileSooner } from ${JSON.stringify(COMPILER)};
    ${first}
    function calls(text) {
      const add = new Function("a", "b", text);
      for (let count = 1; ; count++) {
        add(count, 1);
        if (%GetOptimizationStatus(add) & ${COMPILED}) return count;
      }
    }
    const before = calls("return a + b");
    const asUsual = compileSooner();
    const sooner = calls("return b + a");
    asUsual();
    console.log(JSON.stringify([before, sooner, calls("return a + a")]));`;
  // In this thread, and not while the loop around it runs, into which it would be put.
  const plain = ["--allow-natives-syntax", "--no-concurrent-recompilation", "--no-use-osr", "--import", TSX];
  const args = [...plain, ...flags, "--input-type=module", "--eval", source];
  const node = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
  expect(node.stderr).to.equal("");
  return JSON.parse(node.stdout) as [number, number, number];
}

describe("the compiler", () => {
  it("compiles what is called several times less often, for as long as it is to", () => {
    const [before, sooner, after] = calls();
    expect(sooner).to.be.lessThan(before / 4);
    expect(after).to.equal(before);
  });

  it("is left as it was told to be on the command line", () => {
    const [before, sooner, after] = calls({ flags: ["--interrupt_budget=30000"] });
    expect([sooner, after]).to.deep.equal([before, before]);
  });

  it("is left as it is where V8 is not the one that we know", () => {
    const first = `Object.defineProperty(process.versions, "v8", { value: "99.0" });`;
    const [before, sooner, after] = calls({ first });
    expect([sooner, after]).to.deep.equal([before, before]);
  });
});
