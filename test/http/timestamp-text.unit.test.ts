import { expect } from 'chai';
import fc from 'fast-check';

import { optionalTimestampText, timestampText } from '#http/schemas/timestamp-text.js';

describe('timestampText', () => {
  it('any time, in any order: is what toISOString says', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), fc.nat(90_000_000), (at, further) => {
        for (const each of [at, new Date(Math.min(at.getTime() + further, 8.64e15)), at]) {
          expect(timestampText(each)).to.equal(each.toISOString());
        }
      }),
    );
  });

  it('the first and last moment of a day, and times before 1970: too', () => {
    for (const time of [0, -1, 86_399_999, 86_400_000, -86_400_000, -86_400_001]) {
      expect(timestampText(new Date(time))).to.equal(new Date(time).toISOString());
    }
  });

  it('no time: is null where there may be none, and an error elsewhere', () => {
    expect(optionalTimestampText(undefined)).to.equal(null);
    expect(optionalTimestampText(new Date(5))).to.equal('1970-01-01T00:00:00.005Z');
    expect(() => timestampText(new Date(Number.NaN))).to.throw(RangeError);
  });
});
