import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { migrateDown, migrateUp, migrationNames, pendingMigrations } from '#infrastructure/database/migrate.js';
import { useDatabase, type TestDatabase } from '#support/database.js';

import { storeFleet } from './builders.js';
import { openInstance, rejectionOf, type Instance } from './units.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const sequelizeCli = createRequire(import.meta.url).resolve('sequelize-cli/lib/sequelize');
const unmigrated = () => Promise.resolve();

/** Everything that a migration could have left: tables, columns, constraints, indexes, functions, triggers, types. */
async function describeSchema(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(`
    select format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(d.adbin, d.adrelid)) as line
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0
    union all
    select format('constraint %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
    union all
    select format('index %s', indexdef) from pg_indexes where schemaname = 'public'
    union all
    select format('function %s', pg_get_functiondef(oid)) from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select format('trigger %s', pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
    union all
    select format('enum or domain %s', typname) from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
    order by line`);
  return rows.map(({ line }) => line);
}

const isOurs = (line: string) => !line.includes('SequelizeMeta');

describe('Migrations', () => {
  const database = useDatabase(unmigrated);
  const untouched = useDatabase(unmigrated);
  const byCli = useDatabase(unmigrated);
  const contested = useDatabase(unmigrated);
  const broken = useDatabase(unmigrated);
  let instance: Instance;

  beforeEach(() => {
    instance = openInstance(database.url);
  });
  afterEach(() => instance.close());

  it('up, all the way down, and up again: give the same schema, and nothing in between', async () => {
    expect(await pendingMigrations(instance.sequelize)).to.deep.equal(migrationNames);
    expect(await migrateUp(database.url)).to.deep.equal(migrationNames);
    expect(await pendingMigrations(instance.sequelize)).to.deep.equal([]);
    expect(await migrateUp(database.url), 'a second time').to.deep.equal([]);
    const first = await describeSchema(database);
    expect(first.filter(isOurs)).to.have.length.above(100);
    await storeFleet(instance.units);

    expect(await migrateDown(database.url)).to.deep.equal([...migrationNames].reverse());
    expect((await describeSchema(database)).filter(isOurs)).to.deep.equal([]);
    expect(await database.query('select name from "SequelizeMeta"')).to.deep.equal([]);
    expect(await pendingMigrations(instance.sequelize)).to.deep.equal(migrationNames);

    expect(await migrateUp(database.url)).to.deep.equal(migrationNames);
    expect(await describeSchema(database)).to.deep.equal(first);
  });

  it('up by three at once: is done by one of them, and the others wait for it', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrateUp(contested.url)));
    expect(applied.flat()).to.deep.equal(migrationNames);
    const held = `
      select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
    while ((await contested.query(held)).length > 0) await sleep(5);
  });

  it('one that fails half-way: leaves nothing behind and is still pending', async () => {
    await broken.query('create table audit_logs ()');
    const before = (await describeSchema(broken)).filter(isOurs);
    expect(await rejectionOf(migrateUp(broken.url))).to.match(/already exists/u);
    expect((await describeSchema(broken)).filter(isOurs)).to.deep.equal(before);
    await broken.query('drop table audit_logs');
    expect(await migrateUp(broken.url)).to.deep.equal(migrationNames);
  });

  it('by sequelize-cli: give the same schema as migrateUp, and go back', async function () {
    this.timeout(60_000);
    const run = async (command: string) =>
      promisify(execFile)(process.execPath, [sequelizeCli, command], {
        cwd: root,
        env: { ...process.env, NODE_ENV: 'test', DATABASE_URL: byCli.url },
      });
    await run('db:migrate');
    expect(await migrateUp(byCli.url), 'nothing is left to do').to.deep.equal([]);
    await migrateUp(untouched.url);
    const schema = await describeSchema(byCli);
    expect(schema.filter(isOurs)).to.deep.equal((await describeSchema(untouched)).filter(isOurs));
    await run('db:migrate:undo:all');
    expect((await describeSchema(byCli)).filter(isOurs)).to.deep.equal([]);
    expect(await migrateUp(byCli.url)).to.deep.equal(migrationNames);
  });
});
