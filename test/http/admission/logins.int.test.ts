import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { addUser, startProgram, testPassword, type RunningProgram } from '#support/program.js';
import { useRedis } from '#support/redis.js';

import { expectProblem } from '../expect-problem.js';

const small = {
  LOGIN_FREE_TRIES: '2',
  LOGIN_FREE_TRIES_PER_ADDRESS: '1000',
  LOGIN_FREE_TRIES_PER_ACCOUNT: '1000',
};

describe('too many logins over HTTP', () => {
  const database = useDatabase();
  const redis = useRedis();
  const programs: RunningProgram[] = [];
  afterEach(() => Promise.all(programs.splice(0).map((program) => program.stop())));

  async function start(variables: Record<string, string> = {}): Promise<RunningProgram> {
    const program = await startProgram(database.url, { ...small, ...variables });
    programs.push(program);
    return program;
  }

  const logIn = (service: RunningProgram, username: string, password: string, headers: Record<string, string> = {}) =>
    service.call(undefined, 'POST', '/auth/login', { username, password }, headers);

  for (const who of ['a known', 'an unknown']) {
    it(`refuses ${who} name after its free tries, says when to come again, and audits it`, async () => {
      const service = await start();
      const name = who === 'a known' ? (await addUser(database.url, 'viewer')).username : `nobody-${Date.now()}`;
      for (let index = 0; index < 3; index += 1) {
        expectProblem(await logIn(service, name, 'wrong'), 401, 'invalid-credentials');
      }
      // The right password helps as little: whoever guesses must not learn that it was right.
      const answer = await logIn(service, name, testPassword);
      expectProblem(answer, 429, 'too-many-logins');
      expect(answer.headers.get('retry-after')).to.equal('1');
      const [entry] = await database.query<any>(
        `select * from audit_logs where action = 'session.log-in' and request_id = $1`,
        [answer.headers.get('x-request-id')],
      );
      expect(entry).to.include({ outcome: 'refused', actor_kind: 'anonymous', entity_id: null });
      expect(entry.details).to.deep.equal({
        username: name,
        reason: 'too-many-logins',
        limit: 'account-and-address',
      });
    });
  }

  it('cannot be walked around with a forged X-Forwarded-For', async () => {
    const service = await start();
    const { username } = await addUser(database.url, 'viewer');
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const forged = {
        'x-forwarded-for': `203.0.113.${index}`,
        'x-real-ip': `203.0.113.${index}`,
        forwarded: 'for=1.2.3.4',
      };
      statuses.push((await logIn(service, username, 'wrong', forged)).status);
    }
    expect(statuses).to.deep.equal([401, 401, 401, 429, 429]);
  });

  it('believes as many proxies as were set, and forged entries before them change nothing', async () => {
    const service = await start({ TRUST_PROXY: '1' });
    const { username } = await addUser(database.url, 'viewer');
    const from = async (forwarded: string) =>
      (await logIn(service, username, 'wrong', { 'x-forwarded-for': forwarded })).status;
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push(await from(`198.51.100.${index}, 203.0.113.7`));
    expect(statuses).to.deep.equal([401, 401, 401, 429]);
    expect(await from('203.0.113.7, 203.0.113.8')).to.equal(401);
    const rows = await database.query<any>(
      `select distinct ip_address::text as ip from audit_logs where details->>'username' = $1 order by 1`,
      [username],
    );
    expect(rows.map(({ ip }) => ip.split('/')[0])).to.deep.equal(['203.0.113.7', '203.0.113.8']);
  });

  it('is counted by all instances together, when they have a Redis', async () => {
    const [one, other] = [await start({ REDIS_URL: redis.url }), await start({ REDIS_URL: redis.url })];
    const { username } = await addUser(database.url, 'viewer');
    // Both may need a moment to connect; a count of its own would give each of them three tries.
    for (const service of [one, other])
      while (((await (await fetch(`${service.url}/health/ready`)).json()) as any).status !== 'ok');
    const statuses = [];
    for (const service of [one, other, one, other, one])
      statuses.push((await logIn(service, username, 'wrong')).status);
    expect(statuses).to.deep.equal([401, 401, 401, 429, 429]);
  });
});
