import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { defaultFleetId, type MemberRole } from '#application/domain/fleet.js';
import type { Role } from '#application/domain/user.js';
import { operationsOf, type ApiDocument, type Operation } from '#support/contract/api-document.js';
import { documentText } from '#support/contract/documented-api.js';
import { useDatabase } from '#support/database.js';
import { addUser, testPassword } from '#support/program.js';

import { goodRequest, send } from '../contract/good-request.js';
import { openShowroom, type Showroom } from '../contract/showroom.js';
import { declaredEndpoints } from '../declared-endpoints.js';

/** What everybody may do who has logged in: it is about themselves, or the same for all. Everything else is walked. */
const openToAll: ReadonlySet<string> = new Set([
  'changePassword',
  'endSession',
  'listCommandTypes',
  'listSessions',
  'logOut',
  'logOutEverywhere',
  'showAccount',
  'showCommandType',
]);

const document = JSON.parse(await documentText(declaredEndpoints)) as ApiDocument;
const walked = operationsOf(document).filter(
  ({ operationId, security }) => security !== undefined && !openToAll.has(operationId),
);
const isWriting = ({ method }: Operation) => method.toLowerCase() !== 'get';

describe('a walk over all operations, about things that are really there', () => {
  const database = useDatabase();
  let room: Showroom;
  before(async () => {
    room = await openShowroom(database);
    await room.newCommand();
  });
  after(() => room.close());

  async function tokenOf(role: Role, memberRole?: MemberRole): Promise<string> {
    const { userId, username } = await addUser(database.url, role, { fleets: [] });
    if (memberRole !== undefined) {
      const path = `/fleets/${defaultFleetId}/members/${userId}`;
      expect((await room.call(room.admin.token, 'PUT', path, { role: memberRole })).status).to.equal(200);
    }
    const credentials = { username, password: testPassword };
    return (await room.call(undefined, 'POST', '/auth/login', credentials)).body.access_token as string;
  }

  async function answerTo(operation: Operation, token: string) {
    const request = await goodRequest(room, operation);
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    return send(room.service.url, { ...request, headers });
  }

  for (const role of ['viewer', 'engineer'] as const) {
    describe(`by an outsider with the role ${role}`, () => {
      let token: string;
      before(async () => {
        token = await tokenOf(role);
      });

      for (const operation of walked) {
        it(`${operation.operationId}: finds nothing`, async () => {
          const { status, headers, text } = await answerTo(operation, token);
          if (status !== 200) {
            expect(status, text).to.be.oneOf([403, 404]);
            return;
          }
          if (headers.get('content-type')?.startsWith('text/csv') === true) {
            expect(text).to.match(/^vin,[a-z_,]+\r\n(?![\s\S])/u);
            return;
          }
          const { items, next_cursor: next = null, ...rest } = JSON.parse(text);
          expect({ items, next }).to.deep.equal({ items: [], next: null });
          // What else may stand beside an empty list: the range of time that was asked for.
          expect(Object.keys(rest).filter((name) => name !== 'from' && name !== 'to')).to.deep.equal([]);
        });
      }
    });
  }

  for (const [role, memberRole] of [
    ['viewer', 'engineer'],
    ['engineer', 'viewer'],
  ] as const) {
    describe(`by the role ${role} that is a member as ${memberRole}`, () => {
      let token: string;
      before(async () => {
        token = await tokenOf(role, memberRole);
      });

      it('sees what is there', async () => {
        for (const list of ['/vehicles', '/commands', '/fleets']) {
          expect((await room.call(token, 'GET', list)).body.items, list).to.not.deep.equal([]);
        }
      });

      for (const operation of walked.filter(isWriting)) {
        it(`${operation.operationId}: changes nothing`, async () => {
          const { status, text } = await answerTo(operation, token);
          expect(status, text).to.be.oneOf([403, 404]);
        });
      }
    });
  }

  it('an idempotency key: brings nothing back from a vehicle that one may not see any more', async () => {
    const { userId, username } = await addUser(database.url, 'engineer');
    const { body: grant } = await room.call(undefined, 'POST', '/auth/login', { username, password: testPassword });
    const order = { vehicle_id: await room.newVehicle(room.silentBase), command_name: 'discover' };
    const headers = { 'idempotency-key': randomUUID() };
    const submit = () => room.call(grant.access_token, 'POST', '/commands', order, headers);
    const member = `/fleets/${defaultFleetId}/members/${userId}`;
    const first = await submit();
    expect(first.status).to.equal(202);
    expect((await submit()).headers.get('idempotent-replayed')).to.equal('true');
    await room.call(room.admin.token, 'PUT', member, { role: 'viewer' });
    expect((await submit()).body.code).to.equal('role-insufficient');
    await room.call(room.admin.token, 'DELETE', member);
    expect((await submit()).body.code).to.equal('vehicle-not-found');
    // Its vehicle is silent: it may have run out of time by now.
    const cancelled = await room.call(room.admin.token, 'POST', `/commands/${first.body.command_id}/cancel`);
    expect(cancelled.status).to.be.oneOf([200, 202, 409]);
  });
});
