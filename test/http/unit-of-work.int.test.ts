import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import { Client, Pool } from 'pg';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startOwnPostgres } from '#support/postgres.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { expectProblem } from './expect-problem.js';
import { tapDatabase, type WireTap } from './wire-tap.js';

/** The dispatcher looks into the database by itself; so it does that once, and then leaves the pool alone. */
const quiet = { DISPATCH_POLL_MS: '60000' };

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`It never came about that ${what}.`);
    await sleep(10);
  }
}

describe('the unit of work behind HTTP', () => {
  const database = useDatabase();

  /** Holds a lock on `vehicles`, so that whoever reads them waits. */
  async function lockVehicles(): Promise<() => Promise<void>> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('begin; lock table vehicles in access exclusive mode');
    return () => client.end();
  }

  describe('round trips', () => {
    let tap: WireTap;
    let service: RunningProgram;
    let admin: string;

    before(async () => {
      tap = await tapDatabase(database.url);
      service = await startProgram(tap.url, quiet);
      admin = (await service.logInAs('admin')).token;
      // What the dispatcher does at its start goes over the same wire.
      const looks = [/for no key update/u, /lease_expires_at < /u, /expires_at <= /u];
      await until(() => {
        const { size, available, waiting } = service.program.pool();
        const hasLooked = looks.every((look) => tap.statements().some((text) => look.test(text)));
        return hasLooked && available === size && waiting === 0;
      }, 'the dispatcher has looked into the queue');
    });
    after(async () => {
      await service.stop();
      await tap.close();
    });

    const verbs = () => tap.statements().map((text) => /^\s*(\w+)/u.exec(text)?.[1]?.toLowerCase());

    it('are none for what needs no database', async () => {
      tap.clear();
      for (const path of ['/health/live', '/openapi.json', '/docs/', '/nowhere']) await fetch(service.url + path);
      await service.call(admin, 'GET', '/command-types');
      expect(verbs()).to.deep.equal([]);
    });

    it('are one for a read, without BEGIN and COMMIT', async () => {
      const { body } = await service.call(admin, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9'));
      const { token: member, userId } = await service.logInAs('engineer');
      // Ended long ago, so that the dispatcher leaves it alone.
      const [command] = await database.query<{ readonly command_id: string }>(
        `insert into commands (command_id, user_id, vehicle_id, fleet_id, command_name, command_params, safety, status,
           when_offline, timeout_seconds, expires_at, submitted_at, completed_at, attempts, last_event_number,
           response_count, lease_number)
         values (gen_random_uuid(), $1, $2, $3, 'discover', '{}', 'safe', 'cancelled', 'fail', 30, now(), now(), now(), 0,
           1, 0, 0)
         returning command_id`,
        [userId, body.vehicle_id, body.fleet_id],
      );
      const paths = ['/vehicles', `/vehicles/${body.vehicle_id}`, '/commands', '/auth/me', '/fleets'];
      for (const path of [...paths, `/commands/${command?.command_id ?? ''}`]) {
        for (const token of [admin, member]) {
          tap.clear();
          expect((await service.call(token, 'GET', path)).status).to.equal(200);
          expect(verbs(), path).to.deep.equal(['select']);
        }
      }
      tap.clear();
      expect((await service.call(admin, 'HEAD', '/vehicles')).status).to.equal(200);
      expect(verbs()).to.deep.equal(['select']);
    });

    it('are one for a registration with its audit row, and two for a command with its own', async () => {
      tap.clear();
      const { body } = await service.call(admin, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9'));
      expect(verbs()).to.deep.equal(['with']);
      tap.clear();
      const order = { vehicle_id: body.vehicle_id, command_name: 'discover' };
      expect((await service.call(admin, 'POST', '/commands', order)).status).to.equal(202);
      const own = tap.statements().filter((text) => /insert into commands|from vehicles v\s+where/u.test(text));
      expect(own).to.have.lengthOf(2);
      expect(own[1]).to.contain('insert into audit_logs').and.to.contain('insert into command_transitions');
    });
  });

  it('is closed for every client that hangs up', async () => {
    const service = await startProgram(database.url, { ...quiet, DB_POOL_MAX: '5' });
    try {
      const { token } = await service.logInAs('admin');
      const unlock = await lockVehicles();
      const requests = Array.from({ length: 200 }, async (_unused, index) => {
        const isRead = index % 2 === 0;
        await sleep((index * 7) % 50);
        await fetch(`${service.url}/api/v1/vehicles`, {
          method: isRead ? 'GET' : 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(isRead ? {} : { body: JSON.stringify(vehicleBody('http://127.0.0.1:9')) }),
          signal: AbortSignal.timeout(1 + ((index * 13) % 40)),
        }).then(
          (response) => response.text(),
          () => undefined,
        );
      });
      await Promise.all(requests);
      await unlock();
      await until(
        () => service.program.pool().using === 0 && service.program.pool().waiting === 0,
        'the pool is at rest',
      );
      expect((await service.call(token, 'GET', '/vehicles')).status).to.equal(200);
      const open = await database.query(
        "select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
      );
      expect(open).to.have.lengthOf(0);
    } finally {
      await service.stop();
    }
  });

  it('waits for a connection no longer than it may: 30 wait for a lock, the 31st gets 503', async () => {
    const service = await startProgram(database.url, { ...quiet, DB_POOL_ACQUIRE_MS: '700' });
    try {
      const { token } = await service.logInAs('viewer');
      const unlock = await lockVehicles();
      const held = Array.from({ length: 30 }, () => service.call(token, 'GET', '/vehicles'));
      await until(() => service.program.pool().using === 30, 'all connections are in use');
      const refused = await service.call(token, 'GET', '/vehicles');
      expectProblem(refused, 503, 'overloaded');
      expect(Number(refused.headers.get('retry-after'))).to.be.at.least(1);
      expect((await fetch(`${service.url}/health/live`)).status).to.equal(200);
      await unlock();
      for (const answer of await Promise.all(held)) expect(answer.status).to.equal(200);
    } finally {
      await service.stop();
    }
  });

  it('answers 503 for a statement that takes too long', async () => {
    const service = await startProgram(database.url, { ...quiet, DB_STATEMENT_TIMEOUT_MS: '200' });
    const unlock = await lockVehicles();
    try {
      const { token } = await service.logInAs('viewer');
      expectProblem(await service.call(token, 'GET', '/vehicles'), 503, 'overloaded');
    } finally {
      await unlock();
      await service.stop();
    }
  });

  it('shows everybody else what it answered with 2xx, at once', async function () {
    this.timeout(120_000);
    const rounds = Number(process.env['TEST_READ_AFTER_WRITE_ROUNDS'] ?? 10_000);
    const lanes = 8;
    const service = await startProgram(database.url, quiet);
    const others = new Pool({ connectionString: database.url, max: lanes });
    try {
      const { token } = await service.logInAs('admin');
      let left = rounds;
      let misses = 0;
      const lane = async () => {
        while (left > 0) {
          left -= 1;
          const { status, body } = await service.call(token, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9'));
          expect(status).to.equal(201);
          const { rowCount } = await others.query('select from vehicles where vehicle_id = $1', [body.vehicle_id]);
          if (rowCount !== 1) misses += 1;
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
      expect(misses).to.equal(0);
    } finally {
      await others.end();
      await service.stop();
    }
  });

  describe('a commit that fails', () => {
    let simulator: Simulator;
    let service: RunningProgram;
    let admin: string;
    let vehicleId: string;

    before(async () => {
      simulator = await startSimulator({ vehicles: 1 });
      service = await startProgram(database.url, quiet);
      admin = (await service.logInAs('admin')).token;
      const registration = vehicleBody(simulator.vehicles[0]?.baseUrl ?? '');
      vehicleId = (await service.call(admin, 'POST', '/vehicles', registration)).body.vehicle_id;
      await database.query(`
        create function refuse_at_commit() returns trigger language plpgsql as $$
        begin raise exception 'refused at the commit: secret detail'; end $$`);
      for (const table of ['vehicles', 'commands']) {
        await database.query(`
          create constraint trigger refuse_at_commit after insert on ${table}
          deferrable initially deferred for each row execute function refuse_at_commit()`);
      }
    });
    after(async () => {
      for (const table of ['vehicles', 'commands']) await database.query(`drop trigger refuse_at_commit on ${table}`);
      await service.stop();
      await simulator.close();
    });

    it('is an error, and leaves no row behind', async () => {
      const registration = vehicleBody('http://127.0.0.1:9');
      const answer = await service.call(admin, 'POST', '/vehicles', registration);
      expectProblem(answer, 500, 'internal-error');
      expect(JSON.stringify(answer.body)).not.to.contain('secret detail');
      expect(await database.query('select from vehicles where vin = $1', [registration.vin])).to.have.lengthOf(0);
      const audited = 'select from audit_logs where request_id = $1';
      expect(await database.query(audited, [answer.headers.get('x-request-id')])).to.have.lengthOf(0);
    });

    it('wakes nobody', async () => {
      const heard: unknown[] = [];
      const listener = new Client({ connectionString: database.url });
      await listener.connect();
      listener.on('notification', (notification) => heard.push(notification));
      await listener.query('listen sovd_fleet_dispatch');
      try {
        const order = { vehicle_id: vehicleId, command_name: 'discover' };
        const answer = await service.call(admin, 'POST', '/commands', order, { prefer: 'wait=5' });
        expectProblem(answer, 500, 'internal-error');
        await sleep(100);
        expect(heard).to.deep.equal([]);
        expect(simulator.ledger.entries()).to.have.lengthOf(0);
        expect(await database.query('select from commands where vehicle_id = $1', [vehicleId])).to.have.lengthOf(0);
      } finally {
        await listener.end();
      }
    });
  });

  describe('Prefer: wait', () => {
    let simulator: Simulator;
    let service: RunningProgram;
    let admin: string;
    let order: object;

    before(async () => {
      simulator = await startSimulator({ vehicles: 1 });
      service = await startProgram(database.url, { DB_POOL_MAX: '1' });
      admin = (await service.logInAs('admin')).token;
      const registration = vehicleBody(simulator.vehicles[0]?.baseUrl ?? '');
      const { body } = await service.call(admin, 'POST', '/vehicles', registration);
      order = {
        vehicle_id: body.vehicle_id,
        command_name: 'sovd-request',
        command_params: { method: 'GET', path: 'components' },
      };
    });
    after(async () => {
      await service.stop();
      await simulator.close();
    });
    afterEach(() => simulator.reset());

    const submit = (prefer: string) => service.call(admin, 'POST', '/commands', order, { prefer });

    it('holds no connection: 20 wait on a pool of one, and others are served', async () => {
      simulator.trouble.add({ kind: 'latency', millis: 400 });
      const waiting = Promise.all(Array.from({ length: 20 }, () => submit('wait=30')));
      let served = 0;
      const over = new AbortController();
      void waiting.finally(() => over.abort());
      while (!over.signal.aborted) {
        expect((await service.call(admin, 'GET', '/vehicles')).status).to.equal(200);
        served += 1;
        await sleep(20);
      }
      for (const { status, body } of await waiting) {
        expect(status, JSON.stringify(body)).to.equal(200);
        expect(body.status).to.equal('completed');
      }
      expect(served).to.be.greaterThan(3);
    });

    it('is 202 when the time is over before the command is', async () => {
      simulator.trouble.add({ kind: 'latency', millis: 2500 });
      const { status, headers, body } = await submit('wait=1');
      expect(status).to.equal(202);
      expect(headers.get('location')).to.equal(`/api/v1/commands/${body.command_id}`);
      expect(body.status).to.be.oneOf(['pending', 'in_progress']);
      expect(body).not.to.have.property('responses');
    });

    for (const prefer of ['wait=0', 'wait=soon', 'respond-async', 'wait=-1', 'xwait=5', '']) {
      it(`is passed over when it says ${JSON.stringify(prefer)}`, async () => {
        simulator.trouble.add({ kind: 'latency', millis: 300 });
        expect((await submit(prefer)).status).to.equal(202);
      });
    }
  });

  describe('a database that is away', () => {
    it('is 503 while it is stopped, and service again without a restart', async function () {
      this.timeout(60_000);
      const postgres = await startOwnPostgres();
      let service: RunningProgram | undefined;
      try {
        service = await startProgram(postgres.url, { MIGRATE_ON_START: 'true' });
        const { call, url } = service;
        const { token } = await service.logInAs('admin');
        expect((await fetch(`${url}/health/ready`)).status).to.equal(200);
        await postgres.stop();

        const read = await call(token, 'GET', '/vehicles');
        expectProblem(read, 503, 'database-unavailable');
        expect(Number(read.headers.get('retry-after'))).to.be.at.least(1);
        expectProblem(await call(token, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9')), 503);
        expectProblem(await call(undefined, 'POST', '/auth/login', { username: 'a', password: 'b' }), 503);
        expect((await fetch(`${url}/health/live`)).status).to.equal(200);
        const ready = await fetch(`${url}/health/ready`);
        expect(ready.status).to.equal(503);
        const report = (await ready.json()) as any;
        expect(report.checks[0]).to.include({ name: 'database', status: 'failed' });
        expect(report.checks[0].detail).not.to.contain('127.0.0.1');

        await postgres.start();
        await until(async () => (await call(token, 'GET', '/vehicles')).status === 200, 'vehicles are listed again');
        expect((await call(token, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9'))).status).to.equal(201);
        expect((await fetch(`${url}/health/ready`)).status).to.equal(200);
      } finally {
        await service?.stop();
        await postgres.stop();
      }
    });

    it('makes readiness say no within a good second when it does not answer', async () => {
      const tap = await tapDatabase(database.url);
      const service = await startProgram(tap.url, quiet);
      try {
        tap.block();
        const start = performance.now();
        const ready = await fetch(`${service.url}/health/ready`);
        const seconds = (performance.now() - start) / 1000;
        expect(ready.status).to.equal(503);
        expect(((await ready.json()) as any).checks[0]).to.include({ name: 'database', status: 'failed' });
        expect(seconds).to.be.below(4);
        tap.unblock();
        await until(async () => (await fetch(`${service.url}/health/ready`)).status === 200, 'it is ready again');
      } finally {
        tap.unblock();
        await service.stop();
        await tap.close();
      }
    });
  });
});
