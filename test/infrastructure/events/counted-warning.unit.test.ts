import { expect } from 'chai';

import { CountedWarning } from '#infrastructure/events/counted-warning.js';

import { captureLog, levelNumbers } from '../observability/captured-log.js';

describe('CountedWarning', () => {
  it('a thousand occasions at once: write one line, and a second with the rest when the trouble is over', () => {
    const { log, lines } = captureLog();
    const warning = new CountedWarning({ log, message: 'Dropped.', intervalSeconds: 3600 });
    for (let occasion = 0; occasion < 1000; occasion += 1) warning.note({ occasion });
    expect(lines()).to.have.length(1);
    warning.flush();
    warning.flush();
    expect(lines().map(({ level, msg, count, occasion }) => [level, msg, count, occasion])).to.deep.equal([
      [levelNumbers.warn, 'Dropped.', 1, 0],
      [levelNumbers.warn, 'Dropped.', 999, undefined],
    ]);
  });

  it('occasions after the interval: write again', () => {
    const { log, lines } = captureLog();
    const warning = new CountedWarning({ log, message: 'Dropped.', intervalSeconds: 0 });
    warning.note({});
    warning.note({});
    expect(lines().map(({ count }) => count)).to.deep.equal([1, 1]);
  });
});
