import { expect } from 'chai';
import fastCheck from 'fast-check';
import pg, { Client } from 'pg';

import { parseTimestamp } from '#infrastructure/database/timestamp-text.js';
import { useDatabase } from '#support/database.js';

describe('parseTimestamp', () => {
  const database = useDatabase();
  const parseAnyTimestamp = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (text: string) => unknown;

  it('reads what PostgreSQL writes, as the driver does', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query("set time zone 'UTC'");
      const times = fastCheck.sample(
        fastCheck.tuple(fastCheck.integer({ min: -4_700 * 12, max: 270_000 * 12 }), fastCheck.nat(2_678_399_999_999)),
        { numRuns: 2000, seed: 1184 },
      );
      const { rows } = await client.query<{ readonly text: string }>(
        `select (timestamptz '2000-01-01 00:00:00+00' + make_interval(months => t.months) + t.micros * interval '1 microsecond')::text as text
         from unnest($1::integer[], $2::bigint[]) as t (months, micros)`,
        [times.map(([months]) => months % 36_000), times.map(([, micros]) => micros)],
      );
      expect(rows).to.have.length(2000);
      for (const { text } of rows) expect(parseTimestamp(text), text).to.deep.equal(parseAnyTimestamp(text));
    } finally {
      await client.end();
    }
  });

  for (const text of [
    '2026-11-23 15:12:54+00',
    '2026-11-23 15:12:54.1+00',
    '2026-11-23 15:12:54.123456+00',
    '2026-02-29 00:00:00.999999+00',
    '0099-12-31 23:59:59+00',
    '0100-01-01 00:00:00+00',
    '9999-12-31 23:59:59.999999+00',
    '10000-01-01 00:00:00+00',
    '0044-03-15 12:00:00+00 BC',
    '2026-11-23 15:12:54+05:30',
    'infinity',
    '-infinity',
    '',
    'no time',
  ]) {
    it(`${text === '' ? 'nothing' : text}: is read as the driver reads it`, () => {
      expect(parseTimestamp(text)).to.deep.equal(parseAnyTimestamp(text));
    });
  }
});
