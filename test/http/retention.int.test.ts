import { randomUUID } from 'node:crypto';

import { expect } from 'chai';
import { Client } from 'pg';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { storeEndedCommands } from '#support/ended-commands.js';
import { startProgram, vehicleBody, type LoggedIn, type RunningProgram } from '#support/program.js';
import { readStream } from '#support/sse-client.js';

import { eventually } from '../dispatch/command-desk.js';
import { expectProblem } from './expect-problem.js';

const variables = { PURGE_INTERVAL_SECONDS: '1', RETENTION_RESPONSES_DAYS: '30', RETENTION_COMMANDS_DAYS: '60' };

describe('retention', () => {
  const database = useDatabase();
  let simulator: Simulator;
  let service: RunningProgram;
  let admin: LoggedIn;
  let engineer: LoggedIn;
  let vehicleId: string;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1, executionMillis: 50 });
    service = await startProgram(database.url, variables);
    admin = await service.logInAs('admin');
    engineer = await service.logInAs('engineer');
    const body = vehicleBody(simulator.vehicles[0]?.baseUrl ?? '');
    vehicleId = (await service.call(admin.token, 'POST', '/vehicles', body)).body.vehicle_id;
  });
  after(async () => {
    await service.stop();
    await simulator.close();
  });

  const get = (path: string) => service.call(engineer.token, 'GET', path);
  const order = (headers: Record<string, string> = {}) =>
    service.call(
      engineer.token,
      'POST',
      '/commands',
      { vehicle_id: vehicleId, command_name: 'read-faults', command_params: { entity: 'components/engine-control' } },
      { prefer: 'wait=20', ...headers },
    );

  /** As if it had been ordered and had ended so many days ago. */
  const makeOlder = (commandId: string, days: number) =>
    database.query(
      `update commands
       set submitted_at = submitted_at - make_interval(days => $2), completed_at = completed_at - make_interval(days => $2)
       where command_id = $1`,
      [commandId, days],
    );

  async function purgedResponses(): Promise<string> {
    const { body } = await order();
    await makeOlder(body.command_id, 31);
    await eventually(async () => (await get(`/commands/${body.command_id}`)).body.responses_purged_at !== null);
    return body.command_id;
  }

  it('responses that are too old: 410 with when they went, and the command says so too', async () => {
    const id = await purgedResponses();
    const { body: command } = await get(`/commands/${id}`);
    expect(command).to.include({ status: 'completed', response_count: 1 });
    const answer = await get(`/commands/${id}/responses`);
    expectProblem(answer, 410, 'responses-purged');
    expect(answer.body.responses_purged_at).to.equal(command.responses_purged_at);
    const [shown] = (await get(`/commands?vehicle_id=${vehicleId}`)).body.items.filter(
      (item: any) => item.command_id === id,
    );
    expect(shown).to.deep.equal(command);
    const { body: transitions } = await get(`/commands/${id}/transitions`);
    expect(transitions.items.at(-1)).to.include({ to_status: 'completed' });
  });

  it('a stream of them: 410, from wherever it is to go on', async () => {
    const id = await purgedResponses();
    for (const after of [undefined, 1, 1000]) {
      const headers = after === undefined ? {} : { 'last-event-id': String(after) };
      expectProblem(
        await service.call(engineer.token, 'GET', `/commands/${id}/events`, undefined, {
          accept: 'text/event-stream',
          ...headers,
        }),
        410,
        'responses-purged',
      );
    }
  });

  it('a command whose vehicle one does not see: 404 and not 410', async () => {
    const id = await purgedResponses();
    await database.query('delete from fleet_members where user_id = $1', [engineer.userId]);
    try {
      expectProblem(await get(`/commands/${id}/responses`), 404, 'command-not-found');
      expectProblem(await get(`/commands/${id}/events`), 404, 'command-not-found');
    } finally {
      await database.query(
        `insert into fleet_members (fleet_id, user_id, role, created_at)
         select fleet_id, $1, 'engineer', now() from fleets`,
        [engineer.userId],
      );
    }
  });

  it('a command that never had responses: an empty list and a whole stream, however old it is', async () => {
    const [id = ''] = await storeEndedCommands(database, {
      ...{ userId: engineer.userId, vehicleId, count: 1, responses: 0 },
      endedAt: `now() - interval '31 days'`,
    });
    await database.query(
      `update command_transitions set to_status = 'completed' where command_id = $1 and event_number = 3`,
      [id],
    );
    await eventually(async () => {
      const [row] = await database.query<any>('select responses_purged_at from commands where command_id = $1', [id]);
      return row?.responses_purged_at !== null;
    });
    expect((await get(`/commands/${id}`)).body).to.include({ responses_purged_at: null, response_count: 0 });
    expect((await get(`/commands/${id}/responses`)).body.items).to.deep.equal([]);
    const { token } = engineer;
    const { events } = await readStream(`${service.url}/api/v1/commands/${id}/events`, { token });
    expect(events).to.have.lengthOf(3);
  });

  it('a command that is too old: 404, its lines in the audit log stay, and its key is free', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const { body } = await order(key);
    expect((await order(key)).body.command_id).to.equal(body.command_id);
    await makeOlder(body.command_id, 61);
    await eventually(async () => (await get(`/commands/${body.command_id}`)).status === 404);
    for (const path of ['', '/responses', '/transitions', '/events']) {
      expectProblem(await get(`/commands/${body.command_id}${path}`), 404, 'command-not-found');
    }
    const lines = await service.call(admin.token, 'GET', `/audit-logs?command_id=${body.command_id}&outcome=success`);
    expect(lines.body.items.map((line: any) => line.action)).to.include.members(['command.submit', 'command.end']);
    const again = await order(key);
    expect(again.headers.get('idempotent-replayed')).to.equal(null);
    expect(again.body.command_id).not.to.equal(body.command_id);
  });

  it('the metrics tell how many rows went, and when', async () => {
    const scrape = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
    const value = (page: string, name: string, purge: string): number =>
      Number(new RegExp(`^sovd_fleet_${name}\\{purge="${purge}"\\} (.*)$`, 'mu').exec(page)?.[1]);
    const before = await scrape();
    await purgedResponses();
    await eventually(
      async () =>
        value(await scrape(), 'purged_rows_total', 'responses') > value(before, 'purged_rows_total', 'responses'),
    );
    for (const purge of ['sessions', 'responses', 'commands']) {
      await eventually(
        async () =>
          value(await scrape(), 'last_purge_timestamp_seconds', purge) >
          value(before, 'last_purge_timestamp_seconds', purge),
        () => purge,
      );
    }
  });

  it('kept for ever: nothing goes', async () => {
    const [id = ''] = await storeEndedCommands(database, {
      ...{ userId: engineer.userId, vehicleId, count: 1, responses: 1 },
      endedAt: `now()`,
    });
    await service.stop();
    await makeOlder(id, 3000);
    service = await startProgram(database.url, {
      ...variables,
      RETENTION_RESPONSES_DAYS: '0',
      RETENTION_COMMANDS_DAYS: '0',
    });
    // The round that purges an expired session would have purged it too.
    const { userId } = await service.logInAs('viewer');
    await database.query(`update sessions set expires_at = now() - interval '1 second' where user_id = $1`, [userId]);
    await eventually(
      async () => (await database.query('select 1 from sessions where user_id = $1', [userId])).length === 0,
    );
    expect((await get(`/commands/${id}/responses`)).body.items).to.have.lengthOf(1);
  });

  describe('of a large backlog', () => {
    let ids: readonly string[];
    const client = () => new Client({ connectionString: database.url });

    /** How many commands each transaction has marked. */
    const steps = async (): Promise<readonly number[]> =>
      (
        await database.query<{ count: number }>(
          `select count(*)::integer as count from commands
           where command_id = any($1) and responses_purged_at is not null group by xmin::text`,
          [ids],
        )
      ).map(({ count }) => count);
    const commandsWithResponses = async (): Promise<number> =>
      (await database.query('select distinct command_id from responses where command_id = any($1)', [ids])).length;
    const isStepUnderWay = async (): Promise<boolean> =>
      (
        await database.query(
          `select 1 from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock' and query like '%delete from responses%'`,
        )
      ).length > 0;

    before('a backlog', async () => {
      await service.stop();
      await database.query('update commands set completed_at = now()');
      ids = await storeEndedCommands(database, {
        ...{ userId: engineer.userId, vehicleId, count: 1200, responses: 2 },
        endedAt: `now() - interval '50 days' + n * interval '1 second'`,
      });
    });

    it('a service that stops ends the step under way, and begins no other', async () => {
      const blocker = client();
      await blocker.connect();
      let hasStopped = false;
      try {
        await blocker.query('begin; lock table responses in share mode');
        service = await startProgram(database.url, variables);
        await eventually(isStepUnderWay);
        const stopping = service.stop().then(() => (hasStopped = true));
        expect(await isStepUnderWay()).to.equal(true);
        expect(hasStopped).to.equal(false);
        await blocker.query('rollback');
        await stopping;
      } finally {
        await blocker.end();
      }
      expect(await steps()).to.deep.equal([250]);
      expect(await commandsWithResponses()).to.equal(950);
    });

    it('goes in steps of 500 rows, on two instances', async () => {
      service = await startProgram(database.url, variables);
      const other = await startProgram(database.url, variables);
      try {
        await eventually(async () => (await commandsWithResponses()) === 0);
      } finally {
        await other.stop();
      }
      const sizes = await steps();
      expect(Math.max(...sizes)).to.equal(250);
      expect(sizes.reduce((total, size) => total + size, 0)).to.equal(1200);
    });
  });
});
