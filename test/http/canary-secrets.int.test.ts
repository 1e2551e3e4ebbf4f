import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startProgram, testPassword, vehicleBody, type RunningProgram } from '#support/program.js';

import { captureLog } from '../infrastructure/observability/captured-log.js';

const canary = (name: string): string => `canary-${name}-${randomBytes(9).toString('hex')}`;

/** Uses secrets in all the places where they belong, and in some where they don't, then looks for them. */
describe('secrets', () => {
  const database = useDatabase();
  const captured = captureLog('debug');
  const jwtSecret = canary('jwt-secret');
  /** By what they are, so that a failure doesn't have to show them. */
  const secrets = new Map<string, string>();
  const refusals: string[] = [];
  let simulator: Simulator;
  let service: RunningProgram;
  let metrics = '';
  let userId = '';

  before('a run in which they are used', async () => {
    simulator = await startSimulator({ vehicles: 1, executionMillis: 20 });
    service = await startProgram(
      database.url,
      { JWT_SECRET: jwtSecret, LOG_LEVEL: 'debug', LOGIN_FREE_TRIES: '2' },
      { log: captured.log },
    );
    keep('the secret of access tokens', jwtSecret);
    keep('the password of the database', new URL(database.url).password);
    keep('the right password', testPassword);
    await useAccounts();
    await useVehicles();
    await sendNonsense();
    metrics = await (await fetch(`${service.url}/metrics`)).text();
    await service.stop();
  });
  after(() => simulator.close());

  function keep(name: string, secret: string): string {
    if (secret !== '') secrets.set(name, secret);
    return secret;
  }

  /** A request whose answer must not tell a secret when it is a refusal. */
  async function call(...args: Parameters<RunningProgram['call']>) {
    const answer = await service.call(...args);
    if (answer.status >= 400) refusals.push(JSON.stringify([answer.body, [...answer.headers]]));
    return answer;
  }

  async function useAccounts(): Promise<void> {
    const user = await service.logInAs('engineer');
    userId = user.userId;
    keep('an access token', user.token);
    keep('the signature of an access token', user.token.split('.')[2] ?? '');
    keep('a refresh token', user.refreshToken);
    const logIn = (password: string) => call(undefined, 'POST', '/auth/login', { username: user.username, password });
    await logIn(testPassword);
    for (let index = 0; index < 4; index += 1) await logIn(keep(`wrong password ${index}`, canary('wrong')));
    const refreshed = await call(undefined, 'POST', '/auth/refresh', { refresh_token: user.refreshToken });
    keep('a refreshed access token', refreshed.body.access_token);
    keep('a refreshed refresh token', refreshed.body.refresh_token);
    // The second use ends the family.
    await call(undefined, 'POST', '/auth/refresh', { refresh_token: user.refreshToken });
    await call(refreshed.body.access_token, 'POST', '/auth/logout');
    await call(user.token, 'GET', '/auth/me');
  }

  async function useVehicles(): Promise<void> {
    const { token } = await service.logInAs('admin');
    keep('the token of an administrator', token);
    const { body } = await call(token, 'POST', '/vehicles', vehicleBody(simulator.vehicles[0]?.baseUrl ?? ''));
    const order = { vehicle_id: body.vehicle_id, command_name: 'read-faults' };
    const parameters = { command_params: { entity: 'components/engine-control' } };
    await call(token, 'POST', '/commands', { ...order, ...parameters }, { prefer: 'wait=20' });
    const password = keep('a password in the address of a vehicle', canary('vehicle-password'));
    await call(token, 'POST', '/vehicles', vehicleBody(`http://car:${password}@192.0.2.1/sovd/v1`));
    await call(token, 'PATCH', `/vehicles/${body.vehicle_id}`, { sovd_base_url: `http://car:${password}@192.0.2.1/` });
  }

  async function sendNonsense(): Promise<void> {
    const { token } = await service.logInAs('viewer');
    keep('the token of a viewer', token);
    const lost = keep('a secret in the wrong place', canary('lost'));
    await call(lost, 'GET', '/auth/me');
    await call(undefined, 'GET', '/auth/me', undefined, { authorization: `Basic ${btoa(`user:${lost}`)}` });
    keep('a secret in the wrong place, encoded', btoa(`user:${lost}`));
    await call(`${token}x`, 'GET', '/vehicles');
    await call(undefined, 'GET', `/vehicles?access_token=${lost}`);
    await call(token, 'GET', `/vehicles?limit=${lost}`);
    await call(token, 'GET', '/commands/x', undefined, { cookie: `session=${lost}`, 'x-api-key': lost });
    // The path comes back in `instance` (RFC 9457), to whoever sent it, and goes nowhere else.
    await service.call(token, 'GET', `/commands/${keep('a secret in a path', canary('path'))}`);
    await call(undefined, 'POST', '/auth/login', { username: 'ada', password: lost, otp: lost });
    await call(undefined, 'POST', '/auth/login', { username: 'ada', password: { text: lost } });
    await call(undefined, 'POST', '/auth/refresh', { refresh_token: lost });
    const headers = { 'content-type': 'application/json' };
    const broken = await fetch(`${service.url}/api/v1/auth/login`, {
      method: 'POST',
      headers,
      body: `{"password":"${lost}",`,
    });
    refusals.push(await broken.text());
  }

  function expectNone(where: string, text: string): void {
    expect(text, where).not.to.equal('');
    for (const [name, secret] of secrets) expect(text.includes(secret), `${name} stands in ${where}`).to.equal(false);
  }

  it('were all used', () => {
    expect(secrets.size).to.be.above(12);
    expect(refusals.length).to.be.above(12);
    for (const secret of secrets.values()) expect(secret.length).to.be.above(6);
  });

  it('stand in no line of the log, at its most talkative', () => {
    // The log is there, and tells who came.
    expect(captured.text()).to.contain(userId);
    expect(captured.lines().filter(({ level }) => level === 20)).not.to.be.empty;
    expectNone('the log', captured.text());
  });

  it('stand in no error answer', () => {
    for (const refusal of refusals) expectNone('an error answer', refusal);
  });

  it('stand in no row of the audit log', async () => {
    const rows = await database.query('select * from audit_logs');
    expect(rows.length).to.be.above(8);
    expectNone('the audit log', JSON.stringify(rows));
  });

  it('stand in no row of any table but as a hash', async () => {
    for (const table of ['users', 'sessions', 'vehicles', 'commands', 'command_transitions', 'responses']) {
      expectNone(table, JSON.stringify(await database.query(`select * from ${table}`)));
    }
  });

  it('stand in no metric', () => {
    expectNone('the metrics', metrics);
  });
});
