import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import { Client } from 'pg';
import { z } from 'zod';

import { commandTypes } from '#application/catalogue/catalogue.js';
import type { Log, TaskLog } from '#application/ports/log.js';
import { useDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { tapDatabase } from '../wire-tap.js';
import { expectRefusals, operations, operationsWith, prepare, type Prepared } from './documented-operations.js';
import { openShowroom, type Showroom } from './showroom.js';

const quiet: TaskLog = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  withFields: () => quiet,
  addFields: () => undefined,
  sumFields: () => undefined,
};

/*
 * What goes wrong with the service or its database meets every operation that documents a code for it. Nothing of this is
 * carried out, so the same good requests, made while all was well, serve all failures. They are sent to services of their
 * own on the same database.
 */

describe('the failures that operations document', () => {
  const database = useDatabase();
  let room: Showroom;
  let prepared: Prepared;
  before(async () => {
    room = await openShowroom(database, {}, database.url, { log: quiet });
    prepared = await prepare(
      room,
      operations.filter(({ path }) => path.startsWith('/api/')),
    );
  });
  after(() => room.close());

  /** Requests to the operations that document a code. */
  const requestsWith = (code: string): Prepared => {
    const documenting = new Set(operationsWith(code));
    return prepared.filter(([operation]) => documenting.has(operation));
  };
  /** Only these work with the database themselves; the others need it for nothing but to know who has logged out. */
  const isAsking = ([{ operationId }]: Prepared[number]): boolean =>
    operationsWith('overloaded').some((operation) => operation.operationId === operationId);

  async function withService(
    variables: Readonly<Record<string, string>>,
    task: (service: RunningProgram) => Promise<void>,
    databaseUrl = database.url,
  ): Promise<void> {
    const service = await startProgram(databaseUrl, variables, { log: quiet satisfies Log });
    try {
      await task(service);
    } finally {
      await service.stop();
    }
  }

  it('changed-meanwhile, when others are faster each time', async () => {
    await database.query('create function overtake() returns trigger language plpgsql as $$ begin return null; end $$');
    for (const table of await tables()) {
      await database.query(
        `create trigger overtake before update or delete on ${table} for each row execute function overtake()`,
      );
    }
    try {
      await expectRefusals(room.service.url, requestsWith('changed-meanwhile'), 'changed-meanwhile');
    } finally {
      await database.query('drop function overtake cascade');
    }
  });

  it('overloaded, when statements take too long', async () => {
    await withService({ DB_STATEMENT_TIMEOUT_MS: '250' }, async ({ url }) => {
      const holder = new Client({ connectionString: database.url });
      await holder.connect();
      try {
        await holder.query(`begin; lock table ${(await tables()).join(', ')} in access exclusive mode`);
        await expectRefusals(url, requestsWith('overloaded'), 'overloaded');
      } finally {
        await holder.end();
      }
    });
  });

  it('database-unavailable, when the database goes away', async () => {
    const tap = await tapDatabase(database.url);
    await withService(
      {},
      async ({ url }) => {
        await tap.close();
        const requests = requestsWith('database-unavailable');
        await expectRefusals(url, requests.filter(isAsking), 'database-unavailable');
      },
      tap.url,
    );
  });

  it('database-unavailable, when the database was never there', async () => {
    const tap = await tapDatabase(database.url);
    await tap.close();
    await withService(
      {},
      async ({ url }) => {
        const requests = requestsWith('database-unavailable');
        await expectRefusals(
          url,
          requests.filter((request) => !isAsking(request)),
          'database-unavailable',
        );
        const ready = await fetch(`${url}/health/ready`);
        expect(ready.status).to.equal(503);
        await ready.arrayBuffer();
      },
      tap.url,
    );
  });

  it('internal-error, when tables are missing', async () => {
    const names = await tables();
    for (const table of names) await database.query(`alter table ${table} rename to ${table}_gone`);
    try {
      await expectRefusals(room.service.url, requestsWith('internal-error').filter(isAsking), 'internal-error');
    } finally {
      for (const table of names) await database.query(`alter table ${table}_gone rename to ${table}`);
    }
  });

  it('internal-error, when there is a mistake in the catalogue', async () => {
    const requests = requestsWith('internal-error').filter((request) => !isAsking(request));
    const [type] = commandTypes;
    const parameters = type?.parameters;
    // Nothing in JSON is that.
    Reflect.set(type ?? {}, 'parameters', z.bigint());
    try {
      await expectRefusals(room.service.url, requests, 'internal-error');
    } finally {
      Reflect.set(type ?? {}, 'parameters', parameters);
    }
  });

  it('rate-limited, when there were too many requests', async () => {
    const limits = { REQUESTS_PER_MINUTE_PER_USER: '1', REQUESTS_PER_MINUTE_PER_ADDRESS: '1' };
    await withService(limits, async ({ url, call }) => {
      const { token } = room.admin;
      expect((await call(token, 'GET', '/auth/me')).status).to.equal(200);
      expect((await call(undefined, 'GET', '/auth/me')).status).to.equal(401);
      const requests = requestsWith('rate-limited').map(([operation, request]) => {
        const { authorization, ...headers } = request.headers;
        const own = authorization === undefined ? {} : { authorization: `Bearer ${token}` };
        return [operation, { ...request, headers: { ...headers, ...own } }] as const;
      });
      await expectRefusals(url, requests, 'rate-limited');
    });
  });

  it('shutting-down, to whom the service took before it was told to stop', async () => {
    await withService({}, async ({ url, call, program }) => {
      const late = await Promise.all(
        requestsWith('shutting-down').map(async ([, { method, target, headers }]) => {
          const socket = connect(Number(new URL(url).port), '127.0.0.1');
          await once(socket, 'connect');
          const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
          const halfOfRequest = `${method} ${target} HTTP/1.1\r\nHost: x\r\n${fields.join('')}`;
          await new Promise((resolve) => socket.write(halfOfRequest, resolve));
          return socket;
        }),
      );
      // What came before this one was read by now.
      await call(undefined, 'GET', '/auth/me');
      const stopped = program.stop();
      const answers = await Promise.all(
        late.map(async (socket) => {
          let text = '';
          socket.on('data', (chunk) => (text += String(chunk))).end('Connection: close\r\n\r\n');
          await once(socket, 'close');
          return text;
        }),
      );
      await stopped;
      expect(answers).to.have.lengthOf.at.least(1);
      for (const answer of answers) expect(answer).to.contain('"code":"shutting-down"');
    });
  });

  async function tables(): Promise<readonly string[]> {
    const rows = await database.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'SequelizeMeta'`,
    );
    return rows.map(({ name }) => name);
  }
});
