import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { defaultFleetId } from '#application/domain/fleet.js';
import { useDatabase } from '#support/database.js';
import type { LoggedIn } from '#support/program.js';
import { readStream } from '#support/sse-client.js';

import { openShowroom, type Showroom } from '../contract/showroom.js';

/** No right outlives its end by more. */
const graceMillis = 5000;

describe('rights that end', () => {
  const database = useDatabase();
  let room: Showroom;
  let engineer: LoggedIn;
  let vehicleId: string;
  before(async () => {
    room = await openShowroom(database);
  });
  after(() => room.close());
  beforeEach(async () => {
    engineer = await room.service.logInAs('engineer');
    vehicleId = await room.newVehicle(room.silentBase);
  });

  const asAdmin = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await room.call(room.admin.token, method, path, body);
    expect(answer.status, JSON.stringify(answer.body)).to.be.below(300);
    return answer.body;
  };
  const order = async (token: string, name: string, parameters: object = {}): Promise<string> => {
    const body = { vehicle_id: vehicleId, command_name: name, command_params: parameters };
    const answer = await room.call(token, 'POST', '/commands', body);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.command_id as string;
  };
  const until = async (commandId: string, isWanted: (command: any) => boolean): Promise<any> => {
    for (;;) {
      const command = await asAdmin('GET', `/commands/${commandId}`);
      if (isWanted(command)) return command;
      await sleep(20);
    }
  };
  const membership = () => `/fleets/${defaultFleetId}/members/${engineer.userId}`;
  const moveVehicle = async () => {
    const fleet = await asAdmin('POST', '/fleets', { name: randomUUID() });
    await asAdmin('PATCH', `/vehicles/${vehicleId}`, { fleet_id: fleet.fleet_id });
  };
  const passUntil = async () => {
    const end = new Date(Date.now() + 300);
    await asAdmin('PUT', membership(), { role: 'engineer', until: end.toISOString() });
    await sleep(350);
  };

  const losses: Readonly<Record<string, () => Promise<unknown>>> = {
    'the membership is removed': () => asAdmin('DELETE', membership()),
    'the membership ends by its time': passUntil,
    'the vehicle moves to another fleet': moveVehicle,
  };
  const lesserLosses: typeof losses = {
    'the member is only a viewer any more': () => asAdmin('PUT', membership(), { role: 'viewer' }),
    'the account is only a viewer any more': () =>
      database.query("update users set role = 'viewer' where user_id = $1", [engineer.userId]),
    'the account is not active any more': () =>
      database.query('update users set is_active = false where user_id = $1', [engineer.userId]),
  };

  /** A command of the engineer that waits behind one that its vehicle doesn't answer. */
  async function waitingCommand(): Promise<{ readonly waiting: string; readonly letGo: () => Promise<unknown> }> {
    const blocking = await order(room.admin.token, 'discover');
    await until(blocking, ({ status }) => status === 'in_progress');
    const parameters = { entity: 'apps/diagnostic-recorder', data_id: 'trigger-level', value: 1 };
    const waiting = await order(engineer.token, 'write-data', parameters);
    return { waiting, letGo: () => asAdmin('POST', `/commands/${blocking}/cancel`) };
  }

  for (const [loss, happen] of Object.entries({ ...losses, ...lesserLosses })) {
    it(`${loss}: what waits is cancelled, and was never sent`, async () => {
      const { waiting, letGo } = await waitingCommand();
      await happen();
      await letGo();
      const ended = await until(waiting, ({ status }) => status !== 'pending');
      expect(ended).to.include({ status: 'cancelled', attempts: 0, started_at: null });
      const { items } = await asAdmin('GET', `/commands/${waiting}/transitions`);
      expect(items.map(({ reason }: any) => reason)).to.deep.equal(['submitted', 'access-revoked']);
      const [row] = await database.query<any>(
        `select outcome, details from audit_logs where command_id = $1 and action = 'command.end'`,
        [waiting],
      );
      expect(row?.details).to.include({ status: 'cancelled', reason: 'access-revoked' });
    });
  }

  it('none has ended: what waits is sent', async () => {
    const { waiting, letGo } = await waitingCommand();
    await letGo();
    expect(await until(waiting, ({ status }) => status !== 'pending')).to.include({
      status: 'in_progress',
      attempts: 1,
    });
    await asAdmin('POST', `/commands/${waiting}/cancel`);
  });

  for (const [loss, happen] of Object.entries(losses)) {
    it(`${loss}: a stream that is open is closed, others stay`, async function () {
      this.timeout(20_000);
      const commandId = await order(room.admin.token, 'discover');
      await until(commandId, ({ status }) => status === 'in_progress');
      const url = `${room.service.url}/api/v1/commands/${commandId}/events`;
      const other = new AbortController();
      let isOtherOpen = true;
      const otherStream = readStream(url, { token: room.admin.token, signal: other.signal }).then(() => {
        isOtherOpen = false;
      });
      let opened: () => void = () => undefined;
      const isOpen = new Promise<void>((resolve) => {
        opened = resolve;
      });
      const stream = readStream(url, { token: engineer.token, onEvent: () => opened() });
      await isOpen;
      await happen();
      const end = await Promise.race([stream, sleep(graceMillis, 'still open', { ref: false })]);
      expect(end).to.not.equal('still open');
      expect((await stream).events.map(({ data }) => data.to_status)).to.deep.equal(['pending', 'in_progress']);
      expect(isOtherOpen).to.equal(true);
      expect((await readStream(url, { token: engineer.token })).status).to.equal(404);
      other.abort();
      await otherStream;
      await asAdmin('POST', `/commands/${commandId}/cancel`);
    });
  }

  it('a stream whose rights hold: stays open over the next look', async function () {
    this.timeout(20_000);
    const commandId = await order(room.admin.token, 'discover');
    const url = `${room.service.url}/api/v1/commands/${commandId}/events`;
    const hangUp = new AbortController();
    const stream = readStream(url, { token: engineer.token, signal: hangUp.signal });
    expect(await Promise.race([stream, sleep(3500, 'still open')])).to.equal('still open');
    hangUp.abort();
    await stream;
    await asAdmin('POST', `/commands/${commandId}/cancel`);
  });
});
