import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type Answer, type LoggedIn, type RunningProgram } from '#support/program.js';

import { captureLog } from '../infrastructure/observability/captured-log.js';
import { expectProblem } from './expect-problem.js';

describe('the log of a request', () => {
  const database = useDatabase();
  const captured = captureLog('debug');
  let service: RunningProgram;
  let admin: LoggedIn;

  before(async () => {
    service = await startProgram(database.url, { DISPATCH_POLL_MS: '60000' }, { log: captured.log });
    admin = await service.logInAs('admin');
  });
  after(() => service.stop());

  /** The lines that a request ended with. They are written once the answer is out, so they may come after it. */
  async function linesOf(requestId: string | null): Promise<readonly any[]> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const lines = captured.lines().filter((line) => line['request_id'] === requestId && line.msg === 'request');
      if (lines.length > 0) return lines;
      await sleep(10);
    }
    throw new Error('The line of a request never came.');
  }
  const lineOf = async ({ headers }: Pick<Answer, 'headers'>) => {
    const lines = await linesOf(headers.get('x-request-id'));
    expect(lines).to.have.lengthOf(1);
    return lines[0];
  };

  it('has one line, with who and what and how long', async () => {
    const made = await service.call(admin.token, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9'));
    const vehicleId = made.body.vehicle_id;
    const line = await lineOf(made);
    expect(line).to.include({ method: 'POST', route: '/api/v1/vehicles', status: 201, db_statements: 1 });
    expect(line).to.include({ user_id: admin.userId, vehicle_id: vehicleId });
    expect(line.duration_ms).to.be.a('number');
    expect(line.db_millis).to.be.a('number');

    const shown = await lineOf(await service.call(admin.token, 'GET', `/vehicles/${vehicleId}`));
    expect(shown).to.include({ route: '/api/v1/vehicles/:vehicle_id', vehicle_id: vehicleId, db_statements: 1 });

    const order = { vehicle_id: vehicleId, command_name: 'discover' };
    const submitted = await service.call(admin.token, 'POST', '/commands', order);
    const commandId = submitted.body.command_id;
    expect(await lineOf(submitted)).to.include({ vehicle_id: vehicleId, command_id: commandId, db_statements: 2 });
    const read = await lineOf(await service.call(admin.token, 'GET', `/commands/${commandId}/responses`));
    expect(read).to.include({ command_id: commandId, status: 200, route: '/api/v1/commands/:command_id/responses' });
  });

  it('has the vehicle of a refusal too', async () => {
    const viewer = await service.logInAs('viewer');
    const id = '0190c0de-0000-7000-8000-000000000000';
    const answer = await service.call(viewer.token, 'DELETE', `/vehicles/${id}`);
    expectProblem(answer, 403);
    expect(await lineOf(answer)).to.include({ status: 403, user_id: viewer.userId, vehicle_id: id });
  });

  it('shows no path, only its pattern, and costs no statement where there is none', async () => {
    for (const path of ['/nowhere/secret-path?token=secret-query', '/vehicles/secret-path?x=secret-query']) {
      const line = await lineOf(await service.call(undefined, 'GET', path));
      expect(line).not.to.have.property('db_statements');
      expect(line).not.to.have.property('user_id');
    }
    expect(captured.text()).not.to.contain('secret-path');
    expect(captured.text()).not.to.contain('secret-query');
  });

  it('has its line, with its id, when the client hangs up', async () => {
    const requestId = 'a-request-that-is-cut';
    const lock = database.query('begin; lock table vehicles in access exclusive mode; select pg_sleep(0.5); commit');
    await sleep(50);
    await fetch(`${service.url}/api/v1/vehicles`, {
      headers: { authorization: `Bearer ${admin.token}`, 'x-request-id': requestId },
      signal: AbortSignal.timeout(100),
    }).catch(() => undefined);
    const [line] = await linesOf(requestId);
    expect(line).to.include({ aborted: true, user_id: admin.userId, route: '/api/v1/vehicles' });
    await lock;
  });

  it('never shows a password or a token', async () => {
    const canary = 'canary-83b1c0';
    const { call } = service;
    const { username, password, token, refreshToken } = await service.logInAs('admin');
    await call(undefined, 'POST', '/auth/login', { username, password: canary });
    await call(undefined, 'POST', '/auth/login', { username, password: { nested: canary } });
    await call(undefined, 'POST', '/auth/login', { username, password: canary, [canary]: 1 });
    await call(undefined, 'POST', '/auth/refresh', { refresh_token: canary });
    await call(canary, 'GET', '/auth/me');
    await call(undefined, 'GET', '/auth/me', undefined, { authorization: `Basic ${canary}`, cookie: canary });
    await call(undefined, 'GET', `/auth/me?access_token=${canary}`);
    await fetch(`${service.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"username": "x", "password": "${canary}`,
    });
    const { body } = await call(undefined, 'POST', '/auth/refresh', { refresh_token: refreshToken });
    await call(body.access_token, 'POST', '/auth/logout');
    await lineOf(await call(token, 'GET', '/auth/me'));
    for (const secret of [canary, password, token, refreshToken, body.access_token, body.refresh_token]) {
      expect(captured.text()).not.to.contain(secret);
    }
    expect(captured.text()).not.to.contain('argon2');
    expect(captured.text()).not.to.contain(new URL(database.url).password || 'no password');
  });

  it('is no louder than what happened', () => {
    const loud = captured.lines().filter(({ level }) => level >= 40);
    expect(loud.map(({ msg, ...line }) => [msg, (line['err'] as any)?.message])).to.deep.equal([]);
  });
});
