import { createSecretKey, generateKeyPairSync } from 'node:crypto';

import { expect } from 'chai';
import jsonwebtoken from 'jsonwebtoken';

import { useDatabase } from '#support/database.js';
import { startProgram, type LoggedIn, type RunningProgram } from '#support/program.js';

import { expectProblem } from './expect-problem.js';

describe('accounts over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;

  before(async () => {
    service = await startProgram(database.url);
  });
  after(() => service.stop());

  const audited = (action: string, outcome: string) =>
    database.query<any>(
      'select * from audit_logs where action = $1 and outcome = $2 order by occurred_at desc, log_id desc',
      [action, outcome],
    );

  const logIn = (username: string, password: string) =>
    service.call(undefined, 'POST', '/auth/login', { username, password });
  const refresh = (token: string) =>
    service.call(undefined, 'POST', '/auth/refresh', { refresh_token: token }, { 'user-agent': 'a test' });

  describe('login', () => {
    it('gives both tokens, in whatever case the name was written, and is audited', async () => {
      const { username, password, userId } = await service.logInAs('engineer');
      const answer = await logIn(username.toUpperCase(), password);
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('cache-control')).to.equal('no-store');
      expect(answer.body).to.have.all.keys(
        ...['access_token', 'token_type', 'expires_in', 'refresh_token', 'refresh_expires_at', 'user'],
      );
      expect(answer.body.token_type).to.equal('Bearer');
      expect(answer.body.expires_in).to.be.within(890, 900);
      expect(answer.body.user).to.include({ user_id: userId, username, role: 'engineer', is_active: true });
      expect(JSON.stringify(answer.body)).not.to.contain('argon2');
      const [entry] = await audited('session.log-in', 'success');
      expect(entry).to.include({ actor_kind: 'user', user_id: userId, username, entity_type: 'session' });
      expect(entry.ip_address).to.equal('127.0.0.1');
      expect(entry.request_id).to.equal(answer.headers.get('x-request-id'));
    });

    it('keeps only the hash of the refresh token', async () => {
      const { refreshToken } = await service.logInAs('viewer');
      const rows = await database.query<any>('select * from sessions');
      expect(JSON.stringify(rows)).not.to.contain(refreshToken);
    });

    it('refuses a wrong password, an unknown name and an inactive account alike, and audits each', async () => {
      const { username, password, userId } = await service.logInAs('viewer');
      const inactive = await service.logInAs('viewer');
      await database.query('update users set is_active = false where user_id = $1', [inactive.userId]);
      const answers = [
        await logIn(username, `${password}!`),
        await logIn('nobody-at-all', password),
        await logIn(inactive.username, password),
      ];
      for (const answer of answers) {
        expectProblem(answer, 401, 'invalid-credentials');
        expect(answer.body.detail).to.equal(answers[0]?.body.detail);
        expect(answer.headers.get('www-authenticate')).to.contain('Bearer');
      }
      const [third, second, first] = await audited('session.log-in', 'refused');
      expect(first).to.include({ actor_kind: 'anonymous', entity_id: userId });
      expect(first.details).to.deep.equal({ username, reason: 'wrong-password' });
      expect(second.details).to.deep.equal({ username: 'nobody-at-all', reason: 'unknown-user' });
      expect(third.details).to.deep.equal({ username: inactive.username, reason: 'inactive-user' });
    });
  });

  describe('refresh', () => {
    it('rotates the token, and the new access token works', async () => {
      const { refreshToken, userId } = await service.logInAs('viewer');
      const { status, body } = await refresh(refreshToken);
      expect(status).to.equal(200);
      expect(body.refresh_token).not.to.equal(refreshToken);
      expect((await service.call(body.access_token, 'GET', '/auth/me')).body.user_id).to.equal(userId);
      const [entry] = await audited('session.refresh', 'success');
      expect(entry).to.include({ user_id: userId, user_agent: 'a test' });
    });

    it('takes a second use for theft: the whole family ends, and it is audited', async () => {
      const { refreshToken, userId } = await service.logInAs('viewer');
      const { body: second } = await refresh(refreshToken);
      expectProblem(await refresh(refreshToken), 401, 'invalid-refresh-token');
      expectProblem(await refresh(second.refresh_token), 401, 'invalid-refresh-token');
      const [entry] = await audited('session.refresh', 'refused');
      expect(entry.details).to.deep.equal({ reason: 'refresh-token-reused', user_id: userId });
    });

    it('lets only one of two concurrent uses through', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { refreshToken } = await service.logInAs('viewer');
        const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
        const statuses = answers.map(({ status }) => status).sort();
        expect(statuses).to.deep.equal([200, 401]);
      }
    });

    it('refuses what is unknown, too old, or of an inactive account', async () => {
      expectProblem(await refresh('no-such-token'), 401, 'invalid-refresh-token');
      const old = await service.logInAs('viewer');
      await database.query("update sessions set expires_at = now() - interval '1 second' where user_id = $1", [
        old.userId,
      ]);
      expectProblem(await refresh(old.refreshToken), 401, 'invalid-refresh-token');
      const inactive = await service.logInAs('viewer');
      await database.query('update users set is_active = false where user_id = $1', [inactive.userId]);
      expectProblem(await refresh(inactive.refreshToken), 401, 'invalid-refresh-token');
    });
  });

  it('logs out: the refresh token is dead, and it is audited', async () => {
    const { token, refreshToken, userId } = await service.logInAs('viewer');
    const answer = await service.call(token, 'POST', '/auth/logout');
    expect(answer.status).to.equal(204);
    expect(answer.body).to.equal(undefined);
    expectProblem(await refresh(refreshToken), 401, 'invalid-refresh-token');
    const [entry] = await audited('session.log-out', 'success');
    expect(entry).to.include({ user_id: userId });
  });

  it('shows the account of a token', async () => {
    const { token, userId, username } = await service.logInAs('admin');
    const { status, body } = await service.call(token, 'GET', '/auth/me');
    expect(status).to.equal(200);
    expect(body).to.include({ user_id: userId, username, role: 'admin', is_active: true });
    expect(body).not.to.have.property('password_hash');
  });

  describe('access tokens', () => {
    const key = createSecretKey('a secret that only the tests know, long enough', 'utf8');
    let user: LoggedIn;
    let claims: Record<string, unknown>;

    before(async () => {
      user = await service.logInAs('viewer');
      claims = jsonwebtoken.decode(user.token) as Record<string, unknown>;
    });

    const use = (token: string) => service.call(token, 'GET', '/auth/me');
    const nowSeconds = () => Math.floor(Date.now() / 1000);

    it('work while they are whole', async () => {
      expect((await use(jsonwebtoken.sign(claims, key))).status).to.equal(200);
    });

    it('say that they have expired', async () => {
      const answer = await use(jsonwebtoken.sign({ ...claims, exp: nowSeconds() - 1 }, key));
      expectProblem(answer, 401, 'token-expired');
      expect(answer.headers.get('www-authenticate')).to.contain('error="invalid_token"');
    });

    const forgeries: Record<string, () => string> = {
      'signed with another key': () => jsonwebtoken.sign(claims, 'another secret that is long enough, too'),
      'not signed at all': () => jsonwebtoken.sign(claims, null, { algorithm: 'none' }),
      'signed with another algorithm': () => jsonwebtoken.sign(claims, key, { algorithm: 'HS512' }),
      'signed with a key pair': () =>
        jsonwebtoken.sign(claims, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, {
          algorithm: 'RS256',
        }),
      'of another issuer': () => jsonwebtoken.sign({ ...claims, iss: 'somebody-else' }, key),
      'for another audience': () => jsonwebtoken.sign({ ...claims, aud: 'something-else' }, key),
      'not valid yet': () => jsonwebtoken.sign({ ...claims, nbf: nowSeconds() + 60 }, key),
      'without an end': () => {
        const { exp: _exp, ...endless } = claims;
        return jsonwebtoken.sign(endless, key);
      },
      'with a role that does not exist': () => jsonwebtoken.sign({ ...claims, role: 'root' }, key),
      'with a changed role': () => {
        const [header, , signature] = user.token.split('.');
        const payload = Buffer.from(JSON.stringify({ ...claims, role: 'admin' })).toString('base64url');
        return `${header ?? ''}.${payload}.${signature ?? ''}`;
      },
      'cut off': () => user.token.slice(0, -1),
      'no token': () => 'abc',
    };
    for (const [name, forge] of Object.entries(forgeries)) {
      it(`are refused when they are ${name}`, async () => {
        expectProblem(await use(forge()), 401, 'invalid-token');
      });
    }

    it('are only taken as a bearer token', async () => {
      const asked = (authorization: string) => service.call(undefined, 'GET', '/auth/me', undefined, { authorization });
      expectProblem(await asked(`Basic ${user.token}`), 401, 'invalid-token');
      expectProblem(await asked(user.token), 401, 'invalid-token');
      expectProblem(
        await service.call(undefined, 'GET', `/auth/me?access_token=${user.token}`),
        401,
        'not-authenticated',
      );
      expect((await asked(`bearer ${user.token}`)).status).to.equal(200);
    });
  });
});
