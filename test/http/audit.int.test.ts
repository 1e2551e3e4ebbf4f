import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type Answer, type LoggedIn, type RunningProgram } from '#support/program.js';

import { expectProblem, pointersOf } from './expect-problem.js';

describe('the audit log over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: LoggedIn;
  let viewer: LoggedIn;
  let vehicleId: string;
  let registration: Answer;

  before(async () => {
    service = await startProgram(database.url);
    admin = await service.logInAs('admin');
    viewer = await service.logInAs('viewer');
    registration = await service.call(admin.token, 'POST', '/vehicles', vehicleBody('https://car.example/sovd/v1'));
    vehicleId = registration.body.vehicle_id;
  });
  after(() => service.stop());

  const query = (filter: Record<string, string>) => new URLSearchParams(filter).toString();
  const list = (filter: Record<string, string> = {}, token = admin.token) =>
    service.call(token, 'GET', `/audit-logs?${query(filter)}`);
  const requestIdOf = ({ headers }: Answer) => headers.get('x-request-id') ?? '';
  const recordOf = async (answer: Answer) => (await list({ request_id: requestIdOf(answer) })).body.items;

  /** Rows of another time than all others, in the order of their times. */
  async function fill(count: number, start: string, changes: Record<string, unknown> = {}): Promise<void> {
    const row = {
      actor_kind: 'service',
      action: 'command.end',
      entity_type: 'command',
      outcome: 'success',
      ...changes,
    };
    await database.query(
      `insert into audit_logs (log_id, occurred_at, actor_kind, username, action, entity_type, outcome, details)
       select gen_random_uuid(), $1::timestamptz + (n / 3) * interval '1 millisecond', $2, 'filler', $3, $4, $5, '{}'
       from generate_series(0, $6::integer - 1) n`,
      [start, row.actor_kind, row.action, row.entity_type, row.outcome, count],
    );
  }

  it('shows everything that is known of an act', async () => {
    const { body, status } = await list({ vehicle_id: vehicleId });
    expect(status).to.equal(200);
    expect(body.next_cursor).to.equal(null);
    const [record] = body.items;
    expect(record).to.deep.include({
      actor_kind: 'user',
      user_id: admin.userId,
      username: admin.username,
      action: 'vehicle.register',
      entity_type: 'vehicle',
      entity_id: vehicleId,
      vehicle_id: vehicleId,
      command_id: null,
      outcome: 'success',
      details: { vin: registration.body.vin },
      ip_address: '127.0.0.1',
      request_id: requestIdOf(registration),
    });
    expect(Date.parse(record.occurred_at)).to.be.closeTo(Date.now(), 60_000);
  });

  it('takes each filter, and all of them together', async () => {
    const all = (await list({ limit: '200' })).body.items;
    const given: Record<string, string> = {
      user_id: admin.userId,
      username: admin.username.toUpperCase(),
      action: 'vehicle.register',
      entity_type: 'vehicle',
      entity_id: vehicleId,
      vehicle_id: vehicleId,
      outcome: 'success',
      request_id: requestIdOf(registration),
    };
    for (const [name, value] of Object.entries(given)) {
      const { body } = await list({ [name]: value, limit: '200' });
      const wanted = all.filter((record: any) => String(record[name]).toLowerCase() === value.toLowerCase());
      expect(wanted, name).not.to.have.lengthOf(0);
      expect(body.items, name).to.deep.equal(wanted);
    }
    expect((await list(given)).body.items).to.have.lengthOf(1);
    expect((await list({ ...given, outcome: 'refused' })).body.items).to.deep.equal([]);
    expect((await list({ command_id: randomUUID() })).body.items).to.deep.equal([]);
  });

  it('takes times, from one on and before the other', async () => {
    await fill(6, '2020-01-01T00:00:00Z');
    const times = async (after: string, before: string) =>
      (await list({ occurred_after: after, occurred_before: before })).body.items.map((item: any) => item.occurred_at);
    expect(await times('2020-01-01T00:00:00Z', '2020-01-01T00:00:00.001Z')).to.deep.equal(
      Array.from({ length: 3 }, () => '2020-01-01T00:00:00.000Z'),
    );
    expect(await times('2020-01-01T01:00:00.001+01:00', '2020-01-02T00:00:00Z')).to.have.lengthOf(3);
  });

  it('gives pages, newest first, each line once, also where times are the same and lines are added meanwhile', async () => {
    await fill(25, '2021-01-01T00:00:00Z');
    const seen: any[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await list({
        username: 'filler',
        occurred_after: '2021-01-01T00:00:00Z',
        limit: '4',
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(body.items.length).to.be.at.most(4);
      seen.push(...body.items);
      cursor = body.next_cursor ?? undefined;
      await fill(1, '2031-01-01T00:00:00Z');
    } while (cursor !== undefined);
    const times = seen.map(({ occurred_at: at }) => at);
    expect(new Set(seen.map(({ log_id: id }) => id)).size).to.equal(25);
    expect(seen).to.have.lengthOf(25);
    expect(times).to.deep.equal([...times].sort().reverse());
  });

  it('refuses what no line can have', async () => {
    const answer = await list({
      user_id: 'ada',
      action: 'vehicle.sell',
      entity_type: 'ship',
      outcome: 'maybe',
      vehicle_id: '7',
      command_id: '8',
      username: '',
      occurred_after: 'yesterday',
      limit: '201',
      colour: 'red',
    });
    expectProblem(answer, 400, 'invalid-request');
    expect(pointersOf(answer.body)).to.deep.equal(
      [
        'action',
        'colour',
        'command_id',
        'entity_type',
        'limit',
        'occurred_after',
        'outcome',
        'user_id',
        'username',
        'vehicle_id',
      ].map((name) => `#/query/${name}`),
    );
    expectProblem(await list({ cursor: 'nonsense' }), 400, 'invalid-cursor');
  });

  it('is for administrators, and who else asks is on record', async () => {
    for (const [path, action] of [
      ['/audit-logs', 'audit-log.read'],
      ['/audit-logs/export', 'audit-log.export'],
    ] as const) {
      const answer = await service.call(viewer.token, 'GET', path);
      expectProblem(answer, 403, 'role-insufficient');
      const [record] = await recordOf(answer);
      expect(record).to.deep.include({ user_id: viewer.userId, action, outcome: 'refused' });
      expect(record.details).to.deep.equal({ code: 'role-insufficient' });
    }
  });

  it('remembers who asks for what is not there, or not for them', async () => {
    const id = randomUUID();
    const reads = [
      ...['', '/responses', '/transitions', '/events'].map((rest) => ['command', `/commands/${id}${rest}`] as const),
      ['vehicle', `/vehicles/${id}`] as const,
    ];
    for (const [subject, path] of reads) {
      const answer = await service.call(viewer.token, 'GET', path);
      expectProblem(answer, 404, `${subject}-not-found`);
      const [record, ...more] = await recordOf(answer);
      expect(more).to.deep.equal([]);
      expect(record, path).to.deep.include({
        user_id: viewer.userId,
        action: `${subject}.read`,
        outcome: 'refused',
        entity_type: subject,
        entity_id: id,
        [`${subject}_id`]: id,
        details: { code: `${subject}-not-found` },
      });
    }
  });

  describe('export', () => {
    const start = '2019-01-01T00:00:00Z';
    const end = '2019-12-31T00:00:00Z';

    it('gives every line that fits, once and newest first, as the list shows it', async () => {
      await fill(1201, start);
      const filter = { occurred_after: start, occurred_before: end };
      const answer = await service.call(admin.token, 'GET', `/audit-logs/export?${query(filter)}`);
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('content-type')).to.equal('application/x-ndjson; charset=utf-8');
      expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="audit-log.ndjson"');
      const lines = answer.body.split('\n');
      expect(lines.pop()).to.equal('');
      const records = lines.map((line: string) => JSON.parse(line));
      expect(records).to.have.lengthOf(1201);
      expect(new Set(records.map((record: any) => record.log_id)).size).to.equal(1201);
      const times = records.map((record: any) => record.occurred_at);
      expect(times).to.deep.equal([...times].sort().reverse());
      const { body } = await list({ ...filter, limit: '200' });
      expect(records.slice(0, 200)).to.deep.equal(body.items);
    });

    it('is itself on record, with its filters, and not in what it gives', async () => {
      const filter = { action: 'audit-log.export', outcome: 'success', occurred_after: '2026-01-01T00:00:00+01:00' };
      const answer = await service.call(admin.token, 'GET', `/audit-logs/export?${query(filter)}`);
      expect(answer.body ?? '').not.to.contain(requestIdOf(answer));
      const [record] = await recordOf(answer);
      expect(record).to.deep.include({
        user_id: admin.userId,
        action: 'audit-log.export',
        entity_type: 'audit-log',
        outcome: 'success',
        details: { filter: { ...filter, occurred_after: '2025-12-31T23:00:00.000Z' } },
      });
    });

    it('is empty where nothing fits', async () => {
      const answer = await service.call(admin.token, 'GET', `/audit-logs/export?command_id=${randomUUID()}`);
      expect([answer.status, answer.body]).to.deep.equal([200, undefined]);
    });

    it('refuses what no line can have, and that a page is asked for', async () => {
      const answer = await service.call(admin.token, 'GET', '/audit-logs/export?outcome=maybe&limit=5');
      expectProblem(answer, 400, 'invalid-request');
      expect(pointersOf(answer.body)).to.deep.equal(['#/query/limit', '#/query/outcome']);
    });
  });
});
