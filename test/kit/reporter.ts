import Mocha from "mocha";

/** What a test that failed has left open would keep the run from ending, and so from saying so. */
const FAILED_ENDS_MS = 2_000;

/** Mocha's own report, and a closing line that a program can read: `12 passed, 0 failed`. */
export default class ClosingLine extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    // After Spec's listener, which prints the failures.
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      console.log(`\n${passes} passed, ${failures} failed`);
      if (failures > 0) setTimeout(() => process.exit(), FAILED_ENDS_MS).unref();
    });
  }
}
