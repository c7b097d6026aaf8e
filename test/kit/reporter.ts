import Mocha from "mocha";

/** Mocha's own report, and a closing line that a program can read: `12 passed, 0 failed`. */
export default class ClosingLine extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    // After Spec's listener, which prints the failures.
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      console.log(`\n${passes} passed, ${failures} failed`);
    });
  }
}
