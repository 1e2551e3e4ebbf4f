import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, type Answer, type RunningProgram } from '#support/program.js';

import { declaredEndpoints, examplePath } from '../declared-endpoints.js';
import { expectProblem } from '../expect-problem.js';

describe('too many requests over HTTP', () => {
  const database = useDatabase();
  const programs: RunningProgram[] = [];
  afterEach(() => Promise.all(programs.splice(0).map((program) => program.stop())));

  async function start(variables: Record<string, string>): Promise<RunningProgram> {
    const program = await startProgram(database.url, variables);
    programs.push(program);
    return program;
  }

  /** What the fields say, which are those of the IETF's draft. */
  function limitsOf({ headers }: Answer) {
    const [, policy, quota, window] = /^"(\w+)";q=(\d+);w=(\d+)$/u.exec(headers.get('ratelimit-policy') ?? '') ?? [];
    const [, name, remaining, reset] = /^"(\w+)";r=(\d+);t=(\d+)$/u.exec(headers.get('ratelimit') ?? '') ?? [];
    expect(name).to.equal(policy);
    return { policy, quota: Number(quota), window: Number(window), remaining: Number(remaining), reset: Number(reset) };
  }

  it('tells each user what is left, and refuses with the time to wait, each user alone', async () => {
    const service = await start({ REQUESTS_PER_MINUTE_PER_USER: '3' });
    const [one, other] = [await service.logInAs('viewer'), await service.logInAs('viewer')];
    const remaining: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      const limits = limitsOf(await service.call(one.token, 'GET', '/auth/me'));
      expect(limits).to.include({ policy: 'user', quota: 3, window: 60 });
      remaining.push(limits.remaining);
    }
    expect(remaining).to.deep.equal([2, 1, 0]);
    const refused = await service.call(one.token, 'GET', '/vehicles');
    expectProblem(refused, 429, 'rate-limited');
    expect(Number(refused.headers.get('retry-after')))
      .to.be.within(1, 60)
      .and.equal(limitsOf(refused).reset);
    expect((await service.call(other.token, 'GET', '/auth/me')).status).to.equal(200);
    for (const path of ['/health/live', '/health/ready', '/openapi.json', '/docs/']) {
      const answer = await fetch(service.url + path);
      await answer.text();
      expect([path, answer.status, answer.headers.get('ratelimit')]).to.deep.equal([path, 200, null]);
    }
  });

  it('counts whoever has no good token by address, whatever X-Forwarded-For says', async () => {
    const service = await start({ REQUESTS_PER_MINUTE_PER_ADDRESS: '4' });
    const { token } = await service.logInAs('viewer');
    const forged = (index: number) => ({ 'x-forwarded-for': `203.0.113.${index}` });
    const anonymous = [
      await service.call(undefined, 'POST', '/auth/refresh', { refresh_token: 'x' }, forged(1)),
      await service.call('no token', 'GET', '/auth/me', undefined, forged(2)),
      await service.call(undefined, 'GET', '/vehicles', undefined, forged(3)),
      await service.call(undefined, 'GET', '/vehicles', undefined, forged(4)),
      await service.call(undefined, 'POST', '/auth/refresh', {}, forged(5)),
    ];
    expect(anonymous.map(({ status }) => status)).to.deep.equal([401, 401, 401, 429, 429]);
    expect(limitsOf(anonymous[0] as Answer)).to.include({ policy: 'address', quota: 4, remaining: 2 });
    expect((await service.call(token, 'GET', '/auth/me')).status).to.equal(200);
  });

  it('puts the first refusal of a window into the audit log, and not the flood behind it', async () => {
    const service = await start({ REQUESTS_PER_MINUTE_PER_USER: '1' });
    const { token, userId } = await service.logInAs('admin');
    await service.call(token, 'GET', '/auth/me');
    const post = () => service.call(token, 'POST', '/vehicles', {});
    const answers = [await post(), await post(), await post()];
    for (const answer of answers) expectProblem(answer, 429, 'rate-limited');
    const rows = await database.query<any>(
      `select * from audit_logs where user_id = $1 and action = 'vehicle.register'`,
      [userId],
    );
    expect(rows).to.have.length(1);
    expect(rows[0]).to.deep.include({ outcome: 'refused', details: { code: 'rate-limited' } });
  });

  it('holds for every operation', async () => {
    const service = await start({ REQUESTS_PER_MINUTE_PER_USER: '1', REQUESTS_PER_MINUTE_PER_ADDRESS: '2' });
    const { token } = await service.logInAs('admin');
    await service.call(token, 'GET', '/auth/me');
    await service.call(undefined, 'GET', '/auth/me');
    for (const endpoint of declaredEndpoints) {
      const answer = await service.call(
        endpoint.role === 'anonymous' ? undefined : token,
        endpoint.method.toUpperCase(),
        examplePath(endpoint),
        endpoint.body === undefined ? undefined : {},
      );
      expectProblem(answer, 429, 'rate-limited');
    }
  });
});
