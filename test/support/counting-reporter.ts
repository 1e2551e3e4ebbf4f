import { writeFileSync } from 'node:fs';

import Mocha from 'mocha';

/** What the reporter tells the program that runs the tests. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** False while tests are still to come, and for ever when the process dies before. */
  readonly isComplete: boolean;
}

/** Mocha's `spec`, which also keeps its counts in the file named by `TEST_COUNTS_FILE`. */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env['TEST_COUNTS_FILE'];
    if (file === undefined) throw new Error('TEST_COUNTS_FILE is not set; `npm test` sets it.');
    const write = (isComplete: boolean) => {
      const { passes, failures, pending } = this.stats;
      const counts: TestCounts = { passed: passes, failed: failures, skipped: pending, isComplete };
      writeFileSync(file, JSON.stringify(counts));
    };
    runner.on('start', () => write(false));
    for (const event of ['pass', 'fail', 'pending'] as const) runner.on(event, () => write(false));
    runner.on('end', () => write(true));
  }
}

// Mocha takes a reporter out of a module's default export.
export { CountingReporter as default };
