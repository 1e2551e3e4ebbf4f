import { createSecretKey } from 'node:crypto';

import { expect } from 'chai';
import jsonwebtoken from 'jsonwebtoken';

import { useDatabase } from '#support/database.js';
import { startProgram, type LoggedIn, type RunningProgram } from '#support/program.js';

import { expectProblem } from '../expect-problem.js';

const newPassword = 'a lighthouse in the rain';

describe('sessions over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;

  before(async () => {
    service = await startProgram(database.url, { LOGIN_FREE_TRIES: '5' });
  });
  after(() => service.stop());

  const logIn = async (user: LoggedIn, password = user.password) =>
    (await service.call(undefined, 'POST', '/auth/login', { username: user.username, password })).body;
  const sessionsOf = async (token: string) => (await service.call(token, 'GET', '/auth/sessions')).body.items;
  const use = (token: string) => service.call(token, 'GET', '/auth/me');
  const refresh = (token: string) => service.call(undefined, 'POST', '/auth/refresh', { refresh_token: token });
  const expired = (token: string) => {
    const claims = jsonwebtoken.decode(token) as Record<string, unknown>;
    const key = createSecretKey('a secret that only the tests know, long enough', 'utf8');
    return jsonwebtoken.sign({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 }, key);
  };
  const auditedOf = (userId: string, action: string) =>
    database.query<any>('select * from audit_logs where user_id = $1 and action = $2', [userId, action]);

  it('are listed for their owner alone, newest first, page by page, through refreshes', async () => {
    const user = await service.logInAs('viewer');
    const second = await logIn(user);
    const { body: refreshed } = await refresh(second.refresh_token);
    await service.logInAs('viewer');
    const items = await sessionsOf(refreshed.access_token);
    expect(items.map(({ is_current: isCurrent }: any) => isCurrent)).to.deep.equal([true, false]);
    expect(items[0]).to.have.all.keys(
      ...['session_id', 'is_current', 'created_at', 'last_used_at', 'expires_at', 'ip_address', 'user_agent'],
    );
    expect(items[0].ip_address).to.equal('127.0.0.1');
    expect(Date.parse(items[0].last_used_at)).to.be.above(Date.parse(items[0].created_at));
    const first = await service.call(user.token, 'GET', '/auth/sessions?limit=1');
    const next = await service.call(user.token, 'GET', `/auth/sessions?limit=1&cursor=${first.body.next_cursor}`);
    expect([first, next].map(({ body }) => body.items[0].session_id)).to.deep.equal(
      items.map(({ session_id: id }: any) => id),
    );
    expect(next.body.next_cursor).to.equal(null);
  });

  it('are ended one by one: both tokens are dead, the others live, and it is audited', async () => {
    const user = await service.logInAs('viewer');
    const other = await logIn(user);
    const [{ session_id: id }] = await sessionsOf(other.access_token);
    expect((await service.call(user.token, 'DELETE', `/auth/sessions/${id}`)).status).to.equal(204);
    expectProblem(await use(other.access_token), 401, 'session-ended');
    expectProblem(await refresh(other.refresh_token), 401, 'invalid-refresh-token');
    expect((await use(user.token)).status).to.equal(200);
    expect(await sessionsOf(user.token)).to.have.length(1);
    expectProblem(await service.call(user.token, 'DELETE', `/auth/sessions/${id}`), 404, 'session-not-found');
    expect(await auditedOf(user.userId, 'session.end')).to.have.length(2);
  });

  it('of somebody else cannot be ended', async () => {
    const [user, stranger] = [await service.logInAs('viewer'), await service.logInAs('admin')];
    const [{ session_id: id }] = await sessionsOf(user.token);
    expectProblem(await service.call(stranger.token, 'DELETE', `/auth/sessions/${id}`), 404, 'session-not-found');
    expect((await use(user.token)).status).to.equal(200);
  });

  describe('logout', () => {
    it('kills the access token too, and may be repeated', async () => {
      const { token } = await service.logInAs('viewer');
      expect((await service.call(token, 'POST', '/auth/logout')).status).to.equal(204);
      expectProblem(await use(token), 401, 'session-ended');
      expect((await service.call(token, 'POST', '/auth/logout')).status).to.equal(204);
    });

    it('takes an access token that has expired, and no forged one', async () => {
      const { token, refreshToken } = await service.logInAs('viewer');
      expectProblem(await use(expired(token)), 401, 'token-expired');
      expectProblem(await service.call(`${token}x`, 'POST', '/auth/logout'), 401, 'invalid-token');
      expect((await service.call(expired(token), 'POST', '/auth/logout')).status).to.equal(204);
      expectProblem(await refresh(refreshToken), 401, 'invalid-refresh-token');
    });

    it('takes a refresh token where there is no access token', async () => {
      const { token, refreshToken, userId } = await service.logInAs('viewer');
      const leave = (body?: object) => service.call(undefined, 'POST', '/auth/logout', body);
      expectProblem(await leave(), 401, 'not-authenticated');
      expectProblem(await leave({ refresh_token: 'no such token' }), 401, 'invalid-refresh-token');
      expect((await leave({ refresh_token: refreshToken })).status).to.equal(204);
      expectProblem(await use(token), 401, 'session-ended');
      expect(await auditedOf(userId, 'session.log-out')).to.have.length(1);
    });

    it('of all sessions ends each of them, and only a session that stands can ask for it', async () => {
      const user = await service.logInAs('viewer');
      const other = await logIn(user);
      expect((await service.call(expired(user.token), 'POST', '/auth/logout-all')).status).to.equal(204);
      expectProblem(await use(user.token), 401, 'session-ended');
      expectProblem(await use(other.access_token), 401, 'session-ended');
      const third = await logIn(user);
      expectProblem(await service.call(user.token, 'POST', '/auth/logout-all'), 401, 'session-ended');
      expect((await use(third.access_token)).status).to.equal(200);
    });
  });

  it('the second use of a refresh token ends the access of its session', async () => {
    const { refreshToken } = await service.logInAs('viewer');
    const { body } = await refresh(refreshToken);
    expectProblem(await refresh(refreshToken), 401, 'invalid-refresh-token');
    expectProblem(await use(body.access_token), 401, 'session-ended');
  });

  describe('a change of the password', () => {
    const change = (token: string, oldPassword: string, password: string) =>
      service.call(token, 'POST', '/auth/password', { old_password: oldPassword, new_password: password });

    it('needs the old one; a wrong one ends nothing', async () => {
      const user = await service.logInAs('viewer');
      const other = await logIn(user);
      expectProblem(await change(user.token, 'not the old password', newPassword), 403, 'wrong-password');
      expect((await use(other.access_token)).status).to.equal(200);
      const [entry] = await auditedOf(user.userId, 'user.change-password');
      expect(entry.outcome).to.equal('refused');
    });

    it('counts wrong old ones like failed logins', async () => {
      const user = await service.logInAs('viewer');
      const tries = Array.from({ length: 12 }, () => change(user.token, 'not the old password', newPassword));
      const codes = (await Promise.all(tries)).map(({ body }) => body.code);
      expect(new Set(codes)).to.have.all.keys('wrong-password', 'too-many-logins');
    });

    it('ends all other sessions, and is audited without any password', async () => {
      const user = await service.logInAs('viewer');
      const other = await logIn(user);
      expect((await change(user.token, user.password, newPassword)).status).to.equal(204);
      expect((await use(user.token)).status).to.equal(200);
      expectProblem(await use(other.access_token), 401, 'session-ended');
      expect((await logIn(user)).code).to.equal('invalid-credentials');
      expect(await logIn(user, newPassword)).to.have.property('access_token');
      const [entry] = await auditedOf(user.userId, 'user.change-password');
      expect(entry.details).to.deep.equal({ ended_sessions: 1 });
    });

    it('takes the same characters typed in another way for the same', async () => {
      const user = await service.logInAs('viewer');
      expect((await change(user.token, user.password, 'Ångström sailed ﬁrst')).status).to.equal(204);
      expect(await logIn(user, 'A\u030angstro\u0308m sailed first')).to.have.property('access_token');
    });

    it('refuses bad new ones in plain words', async () => {
      const user = await service.logInAs('viewer');
      const bad = ['short', 'x'.repeat(1025), 'aaaaaaaaaaaa', '123456789012', 'Qwerty123456', `${user.username}1`];
      for (const password of bad) {
        const answer = await change(user.token, user.password, password);
        expectProblem(answer, 400, 'invalid-request');
        expect(answer.body.errors).to.have.length(1);
        expect(answer.body.errors[0].pointer).to.equal('/new_password');
      }
      expect((await change(user.token, user.password, 'x y '.repeat(255) + 'wxyz')).status).to.equal(204);
    });
  });
});
