import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, type LoggedIn, type RunningProgram } from '#support/program.js';

import { expectProblem } from '../expect-problem.js';

describe('users over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: LoggedIn;

  before(async () => {
    service = await startProgram(database.url);
  });
  beforeEach(async () => {
    await database.clear();
    admin = await service.logInAs('admin');
  });
  after(() => service.stop());

  const body = { username: 'Ada', email: 'ada@example.com', role: 'engineer', password: 'a lighthouse in the rain' };
  const create = (changes: object = {}) => service.call(admin.token, 'POST', '/users', { ...body, ...changes });
  const change = (id: string, changes: object, token = admin.token) =>
    service.call(token, 'PATCH', `/users/${id}`, changes);
  const namesOf = async (query: string): Promise<string[]> =>
    (await service.call(admin.token, 'GET', `/users?${query}`)).body.items.map((user: any) => user.username);
  const changesOf = (userId: string) =>
    database.query<any>(
      "select * from audit_logs where action = 'user.change' and entity_id = $1 and outcome = 'success' order by log_id",
      [userId],
    );

  it('are created by an admin, and log in', async () => {
    const answer = await create();
    expect(answer.status).to.equal(201);
    expect(answer.headers.get('location')).to.equal(`/api/v1/users/${answer.body.user_id}`);
    expect(answer.body).to.include({ username: 'Ada', role: 'engineer', is_active: true });
    const { username, password } = body;
    expect((await service.call(undefined, 'POST', '/auth/login', { username, password })).status).to.equal(200);
    expect((await service.call(admin.token, 'GET', `/users/${answer.body.user_id}`)).body).to.deep.equal(answer.body);
    expectProblem(await create({ email: 'other@example.com' }), 409, 'username-taken');
    expectProblem(await create({ username: 'bob', email: 'ADA@example.com' }), 409, 'email-taken');
    const rows = await database.query<any>("select * from audit_logs where action = 'user.create'");
    expect(JSON.stringify(rows)).not.to.contain(password);
    expect(rows.map(({ outcome }) => outcome)).to.have.members(['success', 'refused', 'refused']);
  });

  it('get no bad password', async () => {
    const answer = await create({ password: 'short' });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).to.deep.equal([{ pointer: '/password', message: 'must have at least 12 characters' }]);
    expectProblem(await create({ password: 'ada@example.com' }), 400, 'invalid-request');
  });

  it('are listed with filters, % and _ as plain characters, and full pages', async () => {
    await create({ username: 'a_b' });
    await create({ username: 'acb', email: 'x%y@example.com', role: 'viewer' });
    expect(await namesOf('q=a_b')).to.deep.equal(['a_b']);
    expect(await namesOf('q=%25')).to.deep.equal(['acb']);
    expect(await namesOf('role=viewer')).to.deep.equal(['acb']);
    expect(await namesOf('is_active=false')).to.deep.equal([]);
    const first = await service.call(admin.token, 'GET', '/users?limit=2');
    expect(first.body.items).to.have.length(2);
    expect(await namesOf(`limit=2&cursor=${first.body.next_cursor}`)).to.deep.equal([admin.username]);
  });

  it('that do not exist are not found', async () => {
    const id = '0190c0de-0000-7000-8000-000000000000';
    expectProblem(await service.call(admin.token, 'GET', `/users/${id}`), 404, 'user-not-found');
    expectProblem(await change(id, { role: 'viewer' }), 404, 'user-not-found');
  });

  it('with another role: old tokens are dead at once, new ones have it, also within the same second', async () => {
    const user = await service.logInAs('viewer');
    const { username, password } = user;
    for (const role of ['engineer', 'viewer', 'admin']) {
      const { body: before } = await service.call(undefined, 'POST', '/auth/login', { username, password });
      expect((await change(user.userId, { role })).body.role).to.equal(role);
      expectProblem(await service.call(before.access_token, 'GET', '/auth/me'), 401, 'session-ended');
      const refreshed = await service.call(undefined, 'POST', '/auth/refresh', { refresh_token: before.refresh_token });
      const { status, body: me } = await service.call(refreshed.body.access_token, 'GET', '/auth/me');
      expect([status, me.role]).to.deep.equal([200, role]);
    }
    const [first] = await changesOf(user.userId);
    expect(first.details).to.deep.equal({ role: { from: 'viewer', to: 'engineer' } });
  });

  it('that are deactivated: lose all sessions for good', async () => {
    const user = await service.logInAs('viewer');
    expect((await change(user.userId, { is_active: false })).body.is_active).to.equal(false);
    expectProblem(await service.call(user.token, 'GET', '/auth/me'), 401, 'session-ended');
    await change(user.userId, { is_active: true });
    const { refreshToken } = user;
    const answer = await service.call(undefined, 'POST', '/auth/refresh', { refresh_token: refreshToken });
    expectProblem(answer, 401, 'invalid-refresh-token');
  });

  it('with a password from an admin: lose their sessions, and the audit log does not hold it', async () => {
    const user = await service.logInAs('viewer');
    expect((await change(user.userId, { password: body.password })).status).to.equal(200);
    expectProblem(await service.call(user.token, 'GET', '/auth/me'), 401, 'session-ended');
    const [entry] = await changesOf(user.userId);
    expect(entry.details).to.deep.equal({ password: 'changed', ended_sessions: 1 });
    expectProblem(await change(admin.userId, { password: body.password }), 400, 'invalid-request');
  });

  it("keep their e-mail address when the new one is another user's", async () => {
    const { user_id: id } = (await create()).body;
    await create({ username: 'bob', email: 'bob@example.com' });
    expectProblem(await change(id, { email: 'BOB@example.com' }), 409, 'email-taken');
    expect((await service.call(admin.token, 'GET', `/users/${id}`)).body.email).to.equal(body.email);
  });

  it('without a difference: nothing ends and nothing is audited', async () => {
    const user = await service.logInAs('viewer');
    expect((await change(user.userId, { role: 'viewer', is_active: true })).status).to.equal(200);
    expect((await service.call(user.token, 'GET', '/auth/me')).status).to.equal(200);
    expect(await changesOf(user.userId)).to.deep.equal([]);
  });

  it('the last active admin stays: alone, and when two take it from each other at once', async () => {
    expectProblem(await change(admin.userId, { role: 'viewer' }), 409, 'last-admin');
    expectProblem(await change(admin.userId, { is_active: false }), 409, 'last-admin');
    for (let round = 0; round < 10; round += 1) {
      const other = await service.logInAs('admin');
      const answers = await Promise.all([
        change(other.userId, { role: 'engineer' }, admin.token),
        change(admin.userId, round % 2 === 0 ? { role: 'engineer' } : { is_active: false }, other.token),
      ]);
      const [{ count } = { count: 0 }] = await database.query<{ count: number }>(
        "select count(*)::integer as count from users where role = 'admin' and is_active",
      );
      expect(count).to.equal(1);
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
      if (answers[1].status === 200) admin = other;
    }
  });
});
