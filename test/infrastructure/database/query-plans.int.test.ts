import { expect } from 'chai';
import type { Client } from 'pg';

import type { AuditFilter } from '#application/ports/audit-trail.js';
import { defaultFleetId } from '#application/domain/fleet.js';
import type { CommandFilter } from '#application/ports/command-repository.js';
import type { Work } from '#application/ports/unit-of-work.js';
import { useDatabase } from '#support/database.js';

import { newId, storeFleet, type Fleet } from './builders.js';
import { costOf, costOfKeptPlan } from './query-plans.js';
import { openInstance, type Instance } from './units.js';

/** Enough that reading them all costs more than any index, and few enough that ANALYZE looks at all of them. */
const rowCount = 30_000;

/** A page and what lies between its rows. */
const maxRowsRead = 1500;

const limit = 50;
const day = '2026-03-01';

describe('the plans of lists', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let instance: Instance;
  let fleet: Fleet;
  /** The oldest rows are of these, so whoever walks along the time meets them last. */
  const rare = { userId: newId(), entityId: newId(), vehicleId: newId(), commandId: newId() };

  before('rows', async () => {
    instance = openInstance(database.url, { max: 1 });
    fleet = await storeFleet(instance.units, 200);
    await fillAuditLog();
    await fillCommands();
    await database.query('analyze');
  });
  after(() => instance.close());

  async function fillAuditLog(): Promise<void> {
    await database.query(
      `insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id,
         vehicle_id, command_id, outcome, details, request_id)
       select gen_random_uuid(), timestamptz '${day}' + n * interval '1 second', 'user',
         case when n < 20 then $1::uuid else md5((n % 20)::text)::uuid end,
         case when n < 20 then 'rare' else 'user-' || n % 20 end,
         case when n < 20 then 'vehicle.retire' when n % 2 = 0 then 'command.submit' else 'command.end' end,
         case when n < 20 then 'vehicle' else 'command' end,
         case when n < 20 then $2::text else md5((n / 2)::text)::uuid::text end,
         case when n < 20 then $3::uuid else md5((n % 300)::text)::uuid end,
         case when n < 20 then $4::uuid else md5((n / 2)::text)::uuid end,
         case when n < 20 then 'refused' else 'success' end,
         '{}', 'request-' || n / 2
       from generate_series(0, ${rowCount} - 1) n`,
      [rare.userId, rare.entityId, rare.vehicleId, rare.commandId],
    );
  }

  async function fillCommands(): Promise<void> {
    await database.query(
      `insert into commands (command_id, user_id, vehicle_id, fleet_id, command_name, command_params, safety, status, when_offline,
         timeout_seconds, expires_at, submitted_at, started_at, completed_at, attempts, last_event_number,
         response_count, lease_number, lease_owner, lease_expires_at)
       select gen_random_uuid(), $1, ($2::uuid[])[n % 200 + 1], (select fleet_id from fleets limit 1), c.name, '{}', 'safe', c.status, 'queue', 30, c.at, c.at, c.at,
         case when c.status not in ('pending', 'in_progress') then c.at end, 1, 3, 1, 1, gen_random_uuid(), c.at
       from (
         select n, timestamptz '${day}' + n * interval '1 second' as at,
           case when n < 20 then 'sovd-request' when n % 3 = 0 then 'read-data' else 'read-faults' end as name,
           case when n < 20 then 'outcome_unknown' when n < 40 then 'in_progress' when n < 60 then 'pending'
             when n % 50 = 0 then 'failed' else 'completed' end as status
         from generate_series(0, ${rowCount} - 1) n
       ) c`,
      [fleet.userId, fleet.vehicleIds],
    );
  }

  /** Lists as the service does, then looks at the plan of the statement that it sent; `filter` names its values in order. */
  async function expectCheap(filter: object, list: (work: Work) => Promise<{ readonly items: readonly unknown[] }>) {
    instance.statements.forget();
    const { items } = await instance.units.withUnit('read', list);
    expect(items).not.to.have.lengthOf(0);
    const [text = ''] = instance.statements.sent();
    const cost = await costOf(database.url, text, [...Object.values(filter), limit + 1]);
    expect(cost.scannedTables).to.deep.equal([]);
    expect(cost.rowsRead).to.be.at.most(maxRowsRead);
    expect(await preparedTexts(), 'a plan for any values').not.to.include(text);
  }

  async function preparedTexts(): Promise<readonly string[]> {
    const { connectionManager } = instance.sequelize;
    const client = (await connectionManager.getConnection({ type: 'write' })) as Client;
    const { rows } = await client.query<{ readonly statement: string }>('select statement from pg_prepared_statements');
    connectionManager.releaseConnection(client);
    return rows.map(({ statement }) => statement.replace(/\s+/gu, ' ').trim());
  }

  const times = { occurredAfter: new Date(`${day}T00:00:00Z`), occurredBefore: new Date(`${day}T01:00:00Z`) };
  const auditFilters: readonly AuditFilter[] = [
    {},
    { userId: rare.userId },
    { username: 'Rare' },
    { action: 'vehicle.retire' },
    { action: 'command.end' },
    { entityType: 'vehicle' },
    { entityType: 'command' },
    { entityId: rare.entityId },
    { vehicleId: rare.vehicleId },
    { commandId: rare.commandId },
    { outcome: 'refused' },
    { outcome: 'success' },
    { requestId: 'request-3' },
    times,
    { userId: rare.userId, ...times },
    { vehicleId: rare.vehicleId, outcome: 'refused' },
    { username: 'user-7', action: 'command.end' },
    { action: 'command.end', outcome: 'success', ...times },
  ];
  for (const filter of auditFilters) {
    it(`audit log by ${Object.keys(filter).join(', ') || 'nothing'} ${String(Object.values(filter)[0] ?? '')}`, () =>
      expectCheap(filter, (work) => work.auditTrail.list(filter, { limit, after: undefined })));
  }

  const submitted = { submittedAfter: new Date(`${day}T00:00:00Z`), submittedBefore: new Date(`${day}T01:00:00Z`) };
  const commandFilters: readonly Omit<CommandFilter, 'scope'>[] = [
    {},
    { status: 'pending' },
    { status: 'in_progress' },
    { status: 'completed' },
    { status: 'failed' },
    { status: 'outcome_unknown' },
    { name: 'sovd-request' },
    { name: 'read-faults' },
    submitted,
    { status: 'outcome_unknown', name: 'sovd-request' },
    { status: 'failed', ...submitted },
    { name: 'read-data', ...submitted },
  ];
  for (const filter of commandFilters) {
    it(`commands by ${Object.keys(filter).join(', ') || 'nothing'} ${String(Object.values(filter)[0] ?? '')}`, () =>
      expectCheap(filter, (work) =>
        work.commands.list({ ...filter, scope: { kind: 'all' } }, { limit, after: undefined }),
      ));
  }

  describe('for a member', () => {
    const many = newId();
    const few = newId();
    before('members', async () => {
      const [car = ''] = fleet.vehicleIds;
      await database.query(
        `insert into fleets (fleet_id, name, created_at, updated_at) values ('${few}', 'few', now(), now());
         insert into vehicles select (jsonb_populate_record(v, jsonb_build_object('vehicle_id', '${few}', 'vin', '00000000000000000',
           'fleet_id', '${few}', 'created_at', '${day}'))).* from vehicles v where v.vehicle_id = '${car}';
         insert into vehicles select (jsonb_populate_record(v, jsonb_build_object('vehicle_id', gen_random_uuid(),
           'vin', lpad(n::text, 17, '0'), 'created_at', timestamptz '${day}' + n * interval '1 second'))).*
         from vehicles v, generate_series(1, 5000) n where v.vehicle_id = '${car}';
         update commands set vehicle_id = '${few}', fleet_id = '${few}' where command_name = 'sovd-request';
         insert into users select (jsonb_populate_record(u, jsonb_build_object('user_id', n.id, 'username', n.id, 'email', n.id))).*
         from users u, (select gen_random_uuid() as id from generate_series(1, 1000)
           union all values ('${many}'::uuid), ('${few}'::uuid)) n
         where u.user_id = '${fleet.userId}';
         insert into fleet_members (fleet_id, user_id, role, created_at)
         select case when user_id = '${few}' then '${few}'::uuid else '${defaultFleetId}' end, user_id, 'viewer', now()
         from users;
         analyze`,
      );
    });

    for (const [name, userId, fleetId] of [
      ['nearly all vehicles', many, defaultFleetId],
      ['one vehicle among many', few, few],
    ] as const) {
      const scope = { kind: 'member', userId } as const;
      for (const filter of [{}, { status: 'failed' }, { name: 'sovd-request' }, { fleetId }] as const) {
        it(`of ${name}: commands by ${Object.keys(filter).join() || 'nothing'}`, () =>
          expectCheapFor(userId, filter, (work) =>
            work.commands.list({ ...filter, scope }, { limit, after: undefined }),
          ));
      }
      it(`of ${name}: vehicles`, () =>
        expectCheapFor(userId, {}, (work) =>
          work.vehicles.list({ includeRetired: true, scope }, { limit, after: undefined }),
        ));
    }

    async function expectCheapFor(
      userId: string,
      filter: object,
      list: (work: Work) => Promise<{ readonly items: readonly unknown[] }>,
    ) {
      instance.statements.forget();
      await instance.units.withUnit('read', list);
      const [text = ''] = instance.statements.sent();
      const cost = await costOf(database.url, text, [...Object.values(filter), limit + 1, userId]);
      expect(cost.scannedTables).to.deep.equal([]);
      expect(cost.rowsRead).to.be.at.most(maxRowsRead);
    }
  });

  it('pages of one order, prepared: commands of a vehicle, and all vehicles, cheap with a plan for any values', async () => {
    const [vehicleId = ''] = fleet.vehicleIds;
    const scope = { kind: 'all' } as const;
    await database.query(
      `insert into vehicles select (jsonb_populate_record(v, jsonb_build_object('vehicle_id', gen_random_uuid(),
         'vin', lpad(n::text, 17, 'P'), 'created_at', timestamptz '${day}' + n * interval '1 second'))).*
       from vehicles v, generate_series(1, ${rowCount}) n where v.vehicle_id = $1`,
      [vehicleId],
    );
    await database.query('analyze vehicles');
    const behind = { at: new Date('2026-03-01T02:00:00Z'), id: newId() };
    for (const after of [undefined, behind]) {
      const place = after === undefined ? [] : [after.at.toISOString(), after.id];
      await expectCheapKept([vehicleId, ...place, limit + 1], (work) =>
        work.commands.list({ scope, vehicleId }, { limit, after }),
      );
      await expectCheapKept([...place, limit + 1], (work) =>
        work.vehicles.list({ scope, includeRetired: false }, { limit, after }),
      );
    }
  });

  async function expectCheapKept(
    values: readonly (string | number)[],
    list: (work: Work) => Promise<{ readonly items: readonly unknown[] }>,
  ): Promise<void> {
    instance.statements.forget();
    const { items } = await instance.units.withUnit('read', list);
    expect(items).not.to.have.lengthOf(0);
    const [text = ''] = instance.statements.sent();
    const { scannedTables, rowsRead } = await costOfKeptPlan(database.url, text, values);
    expect(scannedTables).to.deep.equal([]);
    expect(rowsRead).to.be.at.most(maxRowsRead);
    expect(await preparedTexts()).to.include(text);
  }

  it('commands of a user, and of a vehicle in a state', async () => {
    const [vehicleId = ''] = fleet.vehicleIds;
    const { userId } = fleet;
    for (const filter of [{ userId }, { vehicleId, userId }, { vehicleId, status: 'failed' as const }]) {
      await expectCheap(filter, (work) =>
        work.commands.list({ ...filter, scope: { kind: 'all' } }, { limit, after: undefined }),
      );
    }
  });
});
