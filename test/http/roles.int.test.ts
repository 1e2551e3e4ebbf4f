import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { includesRole, roles, type Role } from '#application/domain/user.js';
import { useDatabase } from '#support/database.js';
import { startProgram, type LoggedIn, type RunningProgram } from '#support/program.js';

import { declaredEndpoints, examplePath } from './declared-endpoints.js';
import { expectProblem } from './expect-problem.js';
import { tapDatabase, type WireTap } from './wire-tap.js';

describe('who may call what', () => {
  const database = useDatabase();
  let tap: WireTap;
  let service: RunningProgram;
  const users = new Map<Role, LoggedIn>();

  before(async () => {
    tap = await tapDatabase(database.url);
    // Some parts look into the database by themselves; this keeps them from doing so while statements are counted.
    service = await startProgram(tap.url, { DISPATCH_POLL_MS: '60000', REVOCATIONS_POLL_MS: '60000' });
    for (const role of roles) users.set(role, await service.logInAs(role));
    // Their first look, at the start, may take longer than the logins.
    while (service.program.pool().using > 0) await sleep(10);
  });
  after(async () => {
    await service.stop();
    await tap.close();
  });

  const tokenOf = (role: Role) => users.get(role)?.token;

  for (const endpoint of declaredEndpoints) {
    const { method, role, body, audit } = endpoint;
    const path = examplePath(endpoint);
    const name = `${method.toUpperCase()} ${endpoint.path}`;
    if (role === 'anonymous' || role === 'leaving') continue;

    it(`${name} is not for strangers, and costs no statement`, async () => {
      tap.clear();
      expectProblem(await service.call(undefined, method.toUpperCase(), path), 401, 'not-authenticated');
      expectProblem(await service.call('abc', method.toUpperCase(), path), 401, 'invalid-token');
      expect(tap.statements()).to.deep.equal([]);
    });

    if (role === 'authenticated') continue;
    for (const lower of roles.filter((held) => !includesRole(held, role))) {
      it(`${name} is not for the role ${lower}, and that is remembered`, async () => {
        const answer = await service.call(
          tokenOf(lower),
          method.toUpperCase(),
          path,
          body === undefined ? undefined : {},
        );
        expectProblem(answer, 403, 'role-insufficient');
        const rows = await database.query<any>('select * from audit_logs where request_id = $1', [
          answer.headers.get('x-request-id'),
        ]);
        expect(rows.map((row) => [row.action, row.outcome, row.user_id, row.details.code])).to.deep.equal([
          [audit?.action, 'refused', users.get(lower)?.userId, 'role-insufficient'],
        ]);
      });
    }

    for (const enough of roles.filter((held) => includesRole(held, role))) {
      it(`${name} is for the role ${enough}`, async () => {
        const given = body === undefined ? undefined : {};
        const answer = await service.call(tokenOf(enough), method.toUpperCase(), path, given);
        // What was sent is JSON.
        const letIn = endpoint.textBody === undefined ? [200, 400, 404] : [415];
        expect(answer.status, JSON.stringify(answer.body)).to.be.oneOf(letIn);
      });
    }
  }

  it('costs no statement to be told what is wrong with a request', async () => {
    tap.clear();
    for (const endpoint of declaredEndpoints) {
      const method = endpoint.method.toUpperCase();
      const answer = await service.call(tokenOf('admin'), method, `${examplePath(endpoint)}?no-such-parameter=1`);
      expectProblem(answer, 400, 'invalid-request');
    }
    expect(tap.statements()).to.deep.equal([]);
  });

  it('remembers a refused path even when nobody could store it', async () => {
    const answer = await service.call(tokenOf('viewer'), 'DELETE', '/vehicles/a%00b');
    expectProblem(answer, 403, 'role-insufficient');
    const rows = await database.query<any>('select entity_id from audit_logs where request_id = $1', [
      answer.headers.get('x-request-id'),
    ]);
    expect(rows).to.deep.equal([{ entity_id: null }]);
  });
});
