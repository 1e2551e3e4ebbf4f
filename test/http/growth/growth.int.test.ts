import { expect } from 'chai';

import { defaultFleetId } from '#application/domain/fleet.js';
import { SequelizeUnitsOfWork } from '#infrastructure/database/sequelize-units-of-work.js';
import { connect } from '#infrastructure/database/connect.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import { useDatabase } from '#support/database.js';
import { addUser, startProgram, testPassword, type RunningProgram } from '#support/program.js';

import { declaredEndpoints } from '../declared-endpoints.js';
import { tapDatabase, type SentStatement, type WireTap } from '../wire-tap.js';
import { fillCommands, fillHistory, fillRegistry, largest, nth, sizes } from './large-database.js';
import { listCases, type Asker, type ListCase } from './list-cases.js';
import { costOfSent, type StatementCost } from './statement-costs.js';

/** A page for each fleet of the asker, and what lies between its rows. */
const maxRowsRead = 2000;

/** Of 8 KiB. A page of a list has rows of as many of them, in each fleet of the asker. */
const maxPages = 1000;

/** A table of this size may be read as a whole. */
const smallTable = 500;

describe('with 200,000 commands', function () {
  this.timeout(180_000);
  const database = useDatabase();
  let tap: WireTap;
  let service: RunningProgram;
  const claims: { readonly few: readonly StatementCost[]; readonly many: readonly StatementCost[] }[] = [];
  const tokens = new Map<Asker, string>();
  let bigTables: ReadonlySet<string>;

  before('many rows', async () => {
    tap = await tapDatabase(database.url);
    const done = sizes.commands / 10;
    await fillRegistry(database);
    // The newest ones, so that those that wait are there from the start.
    await fillCommands(database, sizes.commands - done + 1, sizes.commands);
    const few = await costOfClaims();
    await fillCommands(database, 1, sizes.commands - done);
    const many = await costOfClaims();
    claims.push({ few, many });
    await fillHistory(database);
    const tables = await database.query<{ readonly name: string }>(
      `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples > $1`,
      [smallTable],
    );
    bigTables = new Set(tables.map(({ name }) => name));
    service = await startProgram(tap.url, { DISPATCH_POLL_MS: '60000', REVOCATIONS_POLL_MS: '60000' });
    tokens.set('admin', await logInAsFirst());
    tokens.set('of a large fleet', await logIn([defaultFleetId, nth.fleet(3)]));
    tokens.set('of small fleets', await logIn([nth.fleet(largest.fleet), nth.fleet(7), nth.fleet(8)]));
  });
  after(async () => {
    await service.stop();
    await tap.close();
  });

  /** What the dispatcher asks again and again, as it asks it. */
  async function costOfClaims(): Promise<readonly StatementCost[]> {
    // They may start now, and their leases are over.
    await database.query(
      `update commands set not_before = null, lease_expires_at = now() where status in ('pending', 'in_progress')`,
    );
    await database.query('vacuum analyze commands');
    const log = createBunyanLog({ level: 'error' });
    const pool = { max: 1, min: 0, acquireMillis: 5000, idleMillis: 10_000 };
    const timeouts = { statementTimeoutMillis: 10_000, idleInTransactionTimeoutMillis: 30_000 };
    const sequelize = connect({ url: tap.url, pool, ...timeouts, log });
    tap.clear();
    const unit = new SequelizeUnitsOfWork(sequelize, log, { preparesStatements: true }).open('write');
    try {
      expect(await unit.commandQueue.lockReady(20, 4)).to.have.lengthOf(20);
      expect(await unit.commandQueue.lockAbandoned(20, [])).to.have.lengthOf(20);
      await unit.commandQueue.lockExpired(20);
    } finally {
      await unit.close();
      await sequelize.close();
    }
    await database.query(
      `update commands set not_before = now() + interval '1 day', lease_expires_at = now() + interval '1 day'
       where status in ('pending', 'in_progress')`,
    );
    const costs: StatementCost[] = [];
    for (const statement of tap.sent().filter(({ text }) => /^\s*select/u.test(text) && text.includes('from'))) {
      if (!statement.isPrepared) continue;
      costs.push(
        await costOfSent(database.url, statement, 'custom'),
        await costOfSent(database.url, statement, 'generic'),
      );
    }
    return costs;
  }

  /** Somebody who has many sessions already. */
  async function logInAsFirst(): Promise<string> {
    const { userId, username } = await addUser(database.url, 'admin');
    await database.query('update sessions set user_id = $1 where user_id = $2', [userId, nth.user(largest.sessionsOf)]);
    await database.query('analyze sessions');
    return token(username);
  }

  async function logIn(fleets: readonly string[]): Promise<string> {
    return token((await addUser(database.url, 'viewer', { fleets })).username);
  }

  async function token(username: string): Promise<string> {
    const { body } = await service.call(undefined, 'POST', '/auth/login', { username, password: testPassword });
    return body.access_token;
  }

  /** What a request took, statement by statement, in the worse of the ways in which each may be planned. */
  async function costsOf(asker: Asker, { path, params = {}, query = {} }: ListCase, cursor?: string) {
    const filled = path.replaceAll(/\{(\w+)\}/gu, (_match, name: string) => params[name] ?? '');
    const search = new URLSearchParams({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    tap.clear();
    const answer = await service.call(tokens.get(asker), 'GET', `${filled}?${search.toString()}`);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    const statements = tap.sent().filter(isList);
    expect(statements, 'statements of the list').not.to.have.lengthOf(0);
    const costs: StatementCost[] = [];
    for (const statement of statements) {
      costs.push(await costOfSent(database.url, statement, 'custom'));
      if (statement.isPrepared) costs.push(await costOfSent(database.url, statement, 'generic'));
    }
    return costs;
  }

  function expectBounded(
    costs: readonly StatementCost[],
    { maxRowsRead: bound = maxRowsRead, maxPages: pages = maxPages, mayScan }: ListCase,
  ): void {
    for (const cost of costs) {
      expect(cost.scannedTables.filter((name) => bigTables.has(name) && name !== mayScan)).to.deep.equal([]);
      expect(cost.pages, 'pages').to.be.at.most(pages);
      expect(cost.rowsRead, 'rows read').to.be.at.most(bound);
      expect(cost.rowsSorted, 'rows sorted').to.be.at.most(bound);
    }
  }

  for (const each of listCases) {
    const { path, query = {}, askers, deep } = each;
    const filter = Object.entries(query)
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    for (const asker of askers) {
      it(`GET ${path}?${filter} as ${asker} reads a page, at the start and deep in the list alike`, async () => {
        const first = await costsOf(asker, each);
        expectBounded(first, each);
        if (deep === undefined) return;
        const further = await costsOf(asker, each, deep);
        expectBounded(further, each);
        expect(pagesOf(further), 'pages for a page deep in the list').to.be.at.most(pagesOf(first) * 2 + 100);
      });
    }
  }

  it('every list of the API is among these, with each of its filters', () => {
    for (const { method, path, query } of declaredEndpoints) {
      const filters = Object.keys(query?.shape ?? {}).filter((name) => name !== 'limit' && name !== 'cursor');
      if (method !== 'get' || query === undefined) continue;
      const cases = listCases.filter((each) => each.path === path);
      expect(cases, `GET ${path} in list-cases.ts`).not.to.have.lengthOf(0);
      const tried = new Set(cases.flatMap((each) => Object.keys(each.query ?? {})));
      expect(
        filters.filter((name) => !tried.has(name)),
        `filters of GET ${path} that list-cases.ts doesn't try`,
      ).to.deep.equal([]);
    }
  });

  it('the dispatcher reads as much as with 20,000', () => {
    const [{ few, many } = { few: [], many: [] }] = claims;
    expect(many.length).to.equal(few.length).and.to.be.above(0);
    for (const [index, cost] of many.entries()) {
      expect(cost.scannedTables).to.not.include('commands');
      expect(cost.pages).to.be.at.most((few[index]?.pages ?? 0) * 1.2 + 20);
      expect(cost.rowsRead).to.be.at.most(maxRowsRead);
    }
  });
});

function isList({ text }: SentStatement): boolean {
  return /^\s*(?:select|with)\b/iu.test(text) && !/\bfor (?:no key )?update\b/u.test(text) && /\bfrom\b/u.test(text);
}

function pagesOf(costs: readonly StatementCost[]): number {
  return Math.max(...costs.map(({ pages }) => pages));
}
