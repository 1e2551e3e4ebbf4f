import { expect } from 'chai';
import fastCheck from 'fast-check';
import pg, { Client, type QueryConfig } from 'pg';

import { leaveRowsUnread, RowQuery } from '#infrastructure/database/row-query.js';
import { useDatabase } from '#support/database.js';

import { rejectionOf } from './units.js';

type Row = Readonly<Record<string, unknown>>;

describe('RowQuery', () => {
  const database = useDatabase();
  let client: Client;
  /** The driver as it is. */
  let driver: Client;

  beforeEach(async () => {
    client = new Client({ connectionString: database.url, pipeline: true });
    leaveRowsUnread(client);
    driver = new Client({ connectionString: database.url });
    await Promise.all([client.connect(), driver.connect()]);
  });
  afterEach(() => Promise.all([client.end(), driver.end()]));

  const query = (text: string, values: unknown[] = [], config: Partial<QueryConfig> = {}): Promise<readonly Row[]> =>
    new Promise((resolve, reject) => {
      client.query(
        new RowQuery<Row>(client, { ...config, text, values }, (error, rows) => {
          if (error === undefined) resolve(rows);
          else reject(error);
        }),
      );
    });

  async function expectSameRows(text: string, values: unknown[] = []): Promise<void> {
    const { rows } = await driver.query<Row>(text, values);
    expect(rows).to.have.length.above(0);
    expect(await query(text, values)).to.deep.equal(rows);
  }

  for (const [type, literals] of Object.entries({
    bool: ['true', 'false'],
    int2: ['0', '-32768', '32767'],
    int4: ['0', '7', '-2147483648', '2147483647'],
    int8: ['9007199254740993', '-1'],
    float8: ['0.1', '-1e300', 'NaN'],
    numeric: ['12345678901234567890.5'],
    text: ['', 'x', 'Größe', '車両', '🚗', 'a'.repeat(64), 'ä'.repeat(64), 'b'.repeat(5000), `${'c'.repeat(70)}é`],
    'varchar(20)': ['', 'Zürich'],
    uuid: ['01a20b8a-7454-7513-8a3f-018ebdef057b'],
    json: ['null', '"ü"', '{ "b": [1, 2.5, {}],  "a": "車" }'],
    jsonb: ['null', '1', '{"long": "é and more than sixty-four bytes of text, to be sure of it, and a bit more"}'],
    timestamptz: ['2026-11-23 15:12:54.123456+00', 'infinity', '0044-03-15 12:00:00+00 BC', '0050-01-01 00:00:00+00'],
    timestamp: ['2026-11-23 15:12:54'],
    interval: ['1 day 2 hours'],
    bytea: ['\\x00ff10'],
    inet: ['10.0.0.1/8'],
    'text[]': ['{}', '{"a b",NULL,"ö"}'],
    'uuid[]': ['{01a20b8a-7454-7513-8a3f-018ebdef057b}'],
  })) {
    it(`${type}: is read as the driver reads it, between other columns and where there is none`, async () => {
      await expectSameRows(
        `select 'é' as before, value::${type} as value, null::${type} as none, 1 as after
         from unnest($1::text[]) with ordinality as t (value, place) order by place`,
        [literals],
      );
    });
  }

  it('any texts in any order: are what was stored', async () => {
    await fastCheck.assert(
      fastCheck.asyncProperty(fastCheck.array(storableText(), { minLength: 1, maxLength: 20 }), async (texts) => {
        const rows = await query(
          'select text, upper(text) as upper, to_jsonb(text) as json from unnest($1::text[]) with ordinality as t (text, place) order by place',
          [texts],
        );
        expect(rows.map(({ text }) => text)).to.deep.equal(texts);
        expect(rows.map(({ json }) => json)).to.deep.equal(texts);
      }),
      { numRuns: 50, seed: 1184 },
    );
  });

  it('columns of one name: the last one counts, as with the driver', async () => {
    await expectSameRows('select 1 as same, 2 as same');
    await expectSameRows('select 1 as same, null as same');
    await expectSameRows('select 1 as __proto__, 2 as other');
  });

  it('rows that come in many pieces, and queries that are sent behind each other: each gets its own', async () => {
    const text = `select place, repeat('0123456789é', $1::integer) as filling from generate_series(1, $2::integer) as place`;
    const wanted: readonly [size: number, count: number][] = [
      [1, 1],
      [9000, 50],
      [1, 0],
      [3, 2000],
      [400_000, 2],
    ];
    const answers = await Promise.all(wanted.map((values) => query(text, [...values], { name: 'pieces' })));
    for (const [index, [size, count]] of wanted.entries()) {
      const rows = answers[index] ?? [];
      expect(rows.map(({ place }) => place)).to.deep.equal(Array.from({ length: count }, (_, place) => place + 1));
      const filling = '0123456789é'.repeat(size);
      expect(rows.every((row) => row['filling'] === filling)).to.equal(true);
    }
  });

  it('a prepared statement: is described once, and answered the same each time', async () => {
    let descriptions = 0;
    client.connection.on('rowDescription', () => (descriptions += 1));
    const text = `select $1::integer as number, null::text as none, 'é' as text`;
    for (const number of [1, 2, 3]) {
      expect(await query(text, [number], { name: 'numbered' })).to.deep.equal([{ number, none: null, text: 'é' }]);
    }
    expect(descriptions).to.equal(1);
    expect(await query('select true as other', [], { name: 'other' })).to.deep.equal([{ other: true }]);
    expect(await query(text, [4])).to.deep.equal([{ number: 4, none: null, text: 'é' }]);
    expect(descriptions).to.equal(3);
  });

  it('a prepared statement whose table was altered: is refused, and read anew under another name', async () => {
    await driver.query('create table shapes (side integer)');
    await driver.query('insert into shapes values (7)');
    expect(await query('select * from shapes', [], { name: 'shapes' })).to.deep.equal([{ side: 7 }]);
    await driver.query('alter table shapes alter side type text, add name text');
    expect(await rejectionOf(query('select * from shapes', [], { name: 'shapes' }))).to.have.property('code', '0A000');
    expect(await query('select * from shapes')).to.deep.equal([{ side: '7', name: null }]);
    expect(await query('select * from shapes', [], { name: 'shapes again' })).to.deep.equal([
      { side: '7', name: null },
    ]);
  });

  it("the driver's own queries on such a client: get what they always got", async () => {
    const text = `select null as none, 'é' as text, 5 as number, now() is null as bool`;
    const [own, { rows, fields }] = await Promise.all([query(text), client.query<Row>(text)]);
    expect(rows).to.deep.equal((await driver.query<Row>(text)).rows);
    expect(rows).to.deep.equal(own);
    expect(fields.map(({ name }) => name)).to.deep.equal(['none', 'text', 'number', 'bool']);
  });

  it('an error, at once or behind some rows: rejects that query alone', async () => {
    const outcomes = await Promise.allSettled([
      query('select 1 as one'),
      query('select nothing'),
      query('select 10 / (3 - place) as quotient from generate_series(1, 5) as place'),
      query('select 2 as two'),
    ]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(await query('select 3 as three')).to.deep.equal([{ three: 3 }]);
  });

  it('a value that cannot be read: rejects its query and says why, and the next one is answered', async () => {
    client.setTypeParser(pg.types.builtins.MONEY, () => {
      throw new Error('no money');
    });
    const [unreadable, next] = await Promise.all([
      rejectionOf(query("select 1 as one, '5'::money as money from generate_series(1, 3)")),
      query('select 2 as two'),
    ]);
    expect(unreadable).to.be.an('error').with.nested.property('cause.message', 'no money');
    expect(next).to.deep.equal([{ two: 2 }]);
  });

  it('a connection that is lost: rejects all that was sent', async () => {
    client.on('error', () => undefined);
    const waiting = [query('select pg_sleep(60)'), query('select 1')].map(rejectionOf);
    client.connection.stream.destroy();
    for (const error of await Promise.all(waiting)) expect(error).to.be.an('error');
    expect(await rejectionOf(query('select 1'))).to.be.an('error');
  });
});

/** PostgreSQL's text knows neither NUL nor half a character. */
function storableText(): fastCheck.Arbitrary<string> {
  return fastCheck.string({ unit: 'binary', maxLength: 100 }).map((text) => text.replaceAll('\0', ''));
}
