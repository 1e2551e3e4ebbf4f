import { expect } from 'chai';
import type { DataType, Model, ModelStatic } from 'sequelize';

import { models } from '#infrastructure/database/connect.js';
import { constraintErrors, racedConstraints } from '#infrastructure/database/database-errors.js';

import { anAuditEntry, store } from './builders.js';
import { rejectionOf, useUnits } from './units.js';

/** Unique constraints that only a bug of ours can violate. */
const neverViolated = [
  'responses_event_number_key',
  'responses_sequence_number_key',
  'responses_subject_key',
  'sessions_refresh_token_hash_key',
  'vehicles_fleet_key',
];

describe('The migrated schema', () => {
  const test = useUnits();
  const { database } = test;

  it('its tables: are those of the models, and the list of migrations', async () => {
    const rows = await database.query<{ tablename: string }>(
      `select tablename from pg_tables where schemaname = 'public' order by tablename`,
    );
    const expected = [...models.map((model) => model.tableName), 'SequelizeMeta'];
    expect(rows.map(({ tablename }) => tablename)).to.have.members(expected);
  });

  it('its columns: have the names, types, nullability and keys of the models', async () => {
    for (const model of models as readonly ModelStatic<Model>[]) {
      const table = model.tableName;
      const rows = await database.query(
        `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
           coalesce(a.attnum = any(i.indkey), false) as key
         from pg_attribute a
         left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
         where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`,
        [table],
      );
      const expected = Object.entries(model.getAttributes()).map(([name, attribute]) => ({
        name: attribute.field ?? name,
        type: typeNameOf(attribute.type),
        nullable: attribute.allowNull !== false,
        key: attribute.primaryKey === true,
      }));
      expect(rows, table).to.have.deep.members(expected);
    }
  });

  it('its unique constraints: are all known as answers, as races, or as bugs of ours', async () => {
    const rows = await database.query<{ name: string }>(
      `select c.relname as name
       from pg_index i
       join pg_class c on c.oid = i.indexrelid
       where i.indisunique and not i.indisprimary and c.relnamespace = 'public'::regnamespace`,
    );
    const known = [...Object.keys(constraintErrors), ...racedConstraints, ...neverViolated];
    expect(rows.map(({ name }) => name)).to.have.members(known);
  });

  it('every reference to another table: has a name of its own, and the table of sessions an index for families', async () => {
    const rows = await database.query<{ name: string }>(
      `select conname as name from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`,
    );
    expect(rows.map(({ name }) => name)).to.have.members([
      'command_transitions_command_id_fkey',
      'fleet_members_fleet_id_fkey',
      'fleet_members_user_id_fkey',
      'vehicles_fleet_id_fkey',
      'commands_user_id_fkey',
      'commands_vehicle_id_fkey',
      'responses_command_id_fkey',
      'sessions_user_id_fkey',
      'vehicle_credentials_vehicle_id_fkey',
      'vehicle_probes_vehicle_id_fkey',
    ]);
  });

  describe('the audit log', () => {
    const changes = [
      `update audit_logs set outcome = 'success'`,
      'update audit_logs set log_id = log_id',
      'delete from audit_logs',
      'truncate audit_logs',
      'truncate audit_logs cascade',
    ];

    beforeEach('an entry', async () => {
      await store(test.units, (work) => work.auditLog.append(anAuditEntry()));
    });

    for (const change of changes) {
      it(`${change}: is refused, also to the owner of the table, and changes nothing`, async () => {
        const before = await database.query('select * from audit_logs');
        expect(before).to.have.length(1);
        expect(await rejectionOf(database.query(change))).to.match(/append only/u);
        await database.query('create role log_owner');
        try {
          await database.query('grant create on schema public to log_owner; alter table audit_logs owner to log_owner');
          await database.query('set role log_owner');
          expect(await rejectionOf(database.query(change))).to.match(/append only/u);
          await database.query(
            `insert into audit_logs (log_id, occurred_at, actor_kind, action, entity_type, outcome, details)
             values (gen_random_uuid(), now(), 'service', 'test', 'service', 'success', '{}')`,
          );
        } finally {
          await database.query(
            'reset role; reassign owned by log_owner to current_user; drop owned by log_owner; drop role log_owner',
          );
        }
        const after = await database.query('select * from audit_logs order by occurred_at');
        expect(after).to.have.length(2);
        expect(after).to.deep.include(before[0]);
      });
    }
  });
});

function typeNameOf(type: DataType): string {
  const name = typeof type === 'string' ? type : (type as { toSql: () => string }).toSql();
  return name.toLowerCase();
}
