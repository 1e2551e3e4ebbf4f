import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { installAnswerTap, seenAnswers, takeViolations } from './answer-tap.js';

installAnswerTap();

// A process of a parallel run that needs longer than a second for its end, as when it writes its coverage, is sent this.
process.on('SIGTERM', () => process.exit(143));

/** Fails the test in which the service answered otherwise than its OpenAPI document says. */
function failOnViolations(): void {
  const violations = takeViolations();
  if (violations.length === 0) return;
  throw new Error(
    [
      'The service answered otherwise than its OpenAPI document says (src/http/routes, src/http/openapi.ts):',
      ...violations,
    ].join('\n  '),
  );
}

/** Root hooks for mocha (`--require`): the check is part of each test, since a failing hook would end the whole run. */
export const mochaHooks = {
  beforeEach(this: Mocha.Context) {
    const test = this.currentTest;
    const { fn } = test ?? {};
    // One that takes a callback can't be wrapped; what is wrong in it fails the next one.
    if (test === undefined || fn === undefined || fn.length > 0) return;
    test.fn = async function (this: Mocha.Context) {
      await (fn as Mocha.AsyncFunc).call(this);
      failOnViolations();
    };
  },
  afterAll() {
    // Once a file where files run in several processes: what the process has seen so far.
    const directory = process.env['CONTRACT_COUNT_DIRECTORY'];
    if (directory !== undefined) {
      writeFileSync(path.join(directory, `${process.pid}.json`), JSON.stringify(seenAnswers()));
    }
    failOnViolations();
  },
};
