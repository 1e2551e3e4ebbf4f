import type { QueryInterface } from 'sequelize';

/*
 * Lists of vehicles are in the order of vehicles_created_at_idx, newest first. Each filter by equality has an index that
 * begins with what is compared and goes on in that order, so that a page costs as many rows as it has. There is none for a
 * part of a text: that needs pg_trgm, which not every database account may install, and walking the list in order is quick
 * enough. None of the indexes holds what an exchange with a vehicle changes each time, so that those updates stay cheap.
 */
const up = `
  alter table vehicles add column last_error_code text;
  create index vehicles_status_idx on vehicles (connection_status, created_at desc, vehicle_id desc);
  create index vehicles_make_idx on vehicles (lower(make), created_at desc, vehicle_id desc);
  create index vehicles_model_idx on vehicles (lower(model), created_at desc, vehicle_id desc);

  create table vehicle_probes (
    vehicle_id uuid primary key constraint vehicle_probes_vehicle_id_fkey references vehicles (vehicle_id),
    next_probe_at timestamptz not null,
    failures integer not null check (failures >= 0)
  );
  create index vehicle_probes_next_probe_at_idx on vehicle_probes (next_probe_at);
  insert into vehicle_probes (vehicle_id, next_probe_at, failures)
  select vehicle_id, now(), 0 from vehicles where retired_at is null;
`;

const down = `
  drop table vehicle_probes;
  drop index vehicles_model_idx;
  drop index vehicles_make_idx;
  drop index vehicles_status_idx;
  alter table vehicles drop column last_error_code;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
