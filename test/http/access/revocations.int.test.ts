import { EventEmitter, once } from 'node:events';

import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type LoggedIn, type RunningProgram } from '#support/program.js';
import { needRedis, startOwnRedis, type OwnRedis } from '#support/redis.js';
import { readStream } from '#support/sse-client.js';

import { expectProblem } from '../expect-problem.js';

/** What is promised. */
const limitMillis = 5000;

describe('access that ends, as another instance sees it', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let simulator: Simulator;
  let here: RunningProgram;
  let there: RunningProgram;
  let admin: LoggedIn;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1 });
  });
  after(() => simulator.close());

  const start = async (variables: Record<string, string> = {}) => {
    [here, there] = await Promise.all([startProgram(database.url, variables), startProgram(database.url, variables)]);
    admin = await here.logInAs('admin');
  };
  const stop = () => Promise.all([here.stop(), there.stop()]);
  const change = async (userId: string, changes: object) =>
    expect((await here.call(admin.token, 'PATCH', `/users/${userId}`, changes)).status).to.equal(200);

  /** Each way in which access ends, done here. */
  const ends: Readonly<Record<string, (user: LoggedIn) => Promise<unknown>>> = {
    'a logout': (user) => here.call(user.token, 'POST', '/auth/logout'),
    'another role': (user) => change(user.userId, { role: 'engineer' }),
    'a deactivation': (user) => change(user.userId, { is_active: false }),
  };

  const expectSeenThere = async () => {
    for (const [name, end] of Object.entries(ends)) {
      const user = await here.logInAs('viewer');
      const use = () => there.call(user.token, 'GET', '/auth/me');
      expect((await use()).status, name).to.equal(200);
      await end(user);
      const deadline = performance.now() + limitMillis;
      let answer = await use();
      while (answer.status === 200 && performance.now() < deadline) answer = await use();
      expectProblem(answer, 401, 'session-ended');
    }
  };

  describe('without Redis', () => {
    before(() => start());
    after(stop);

    it('is seen within 5 s', expectSeenThere);

    it('is known to an instance that starts later', async () => {
      const user = await here.logInAs('viewer');
      await here.call(user.token, 'POST', '/auth/logout');
      const late = await startProgram(database.url, { REVOCATIONS_POLL_MS: '60000' });
      const answer = await late.call(user.token, 'GET', '/auth/me');
      await late.stop();
      expectProblem(answer, 401, 'session-ended');
    });

    it('closes open streams, here and there', async () => {
      const { body: vehicle } = await here.call(
        ...([admin.token, 'POST', '/vehicles', vehicleBody(simulator.vehicles[0]?.baseUrl ?? '')] as const),
      );
      simulator.trouble.add({ kind: 'hang' });
      const order = { vehicle_id: vehicle.vehicle_id, command_name: 'discover' };
      const { body: command } = await here.call(admin.token, 'POST', '/commands', order);
      const user = await here.logInAs('admin');
      const streams = [here, there].map(({ url }) => {
        const path = `${url}/api/v1/commands/${command.command_id}/events`;
        const opened = new EventEmitter();
        const isOpen = once(opened, 'open');
        return { isOpen, end: readStream(path, { token: user.token, onOpen: () => opened.emit('open') }) };
      });
      await Promise.all(streams.map(({ isOpen }) => isOpen));
      const startMillis = performance.now();
      await here.call(user.token, 'POST', '/auth/logout');
      const ended = await Promise.all(streams.map(({ end }) => end));
      expect(performance.now() - startMillis).to.be.below(limitMillis);
      expect(ended.map(({ status }) => status)).to.deep.equal([200, 200]);
      simulator.trouble.clear();
    });
  });

  describe('with Redis', () => {
    needRedis();
    // Undefined where there is no Redis and the tests are skipped.
    let redis: OwnRedis | undefined;
    before(async () => {
      redis = await startOwnRedis();
    });
    afterEach(stop);
    after(() => redis?.stop());

    const isReady = async ({ url }: RunningProgram) => (await fetch(`${url}/health/ready`)).status === 200;

    it('is told by it: also when nobody looks into the database', async () => {
      await start({ REDIS_URL: redis?.url ?? '', REVOCATIONS_POLL_MS: '60000' });
      while (!(await isReady(here)) || !(await isReady(there)));
      await expectSeenThere();
    });

    it('is seen within 5 s when Redis is killed in between', async () => {
      await start({ REDIS_URL: redis?.url ?? '' });
      while (!(await isReady(here)) || !(await isReady(there)));
      await expectSeenThere();
      await redis?.stop();
      await expectSeenThere();
    });
  });
});
