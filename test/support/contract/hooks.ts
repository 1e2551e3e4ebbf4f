import { writeFileSync } from 'node:fs';

import { countAnswers, installAnswerTap, takeViolations } from './answer-tap.js';

installAnswerTap();

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
    const file = process.env['CONTRACT_COUNT_FILE'];
    const count = countAnswers();
    if (file !== undefined && count !== undefined) writeFileSync(file, JSON.stringify(count));
    failOnViolations();
  },
};
