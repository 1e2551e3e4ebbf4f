import type { QueryInterface } from 'sequelize';

/** Also `defaultFleetId` of the domain, and never another one. */
const defaultFleet = "'00000000-0000-7000-8000-000000000001'::uuid";

const up = `
  create table fleets (
    fleet_id uuid primary key,
    name text not null check (length(name) between 1 and 100),
    created_at timestamptz not null,
    updated_at timestamptz not null
  );
  create unique index fleets_name_key on fleets (lower(name));
  create index fleets_created_at_idx on fleets (created_at desc, fleet_id desc);
  insert into fleets (fleet_id, name, created_at, updated_at) values (${defaultFleet}, 'default', now(), now());

  create table fleet_members (
    fleet_id uuid not null constraint fleet_members_fleet_id_fkey references fleets (fleet_id),
    user_id uuid not null constraint fleet_members_user_id_fkey references users (user_id),
    role text not null check (role in ('viewer', 'engineer')),
    until timestamptz,
    created_at timestamptz not null,
    primary key (fleet_id, user_id)
  );
  create index fleet_members_user_id_idx on fleet_members (user_id);
  insert into fleet_members (fleet_id, user_id, role, created_at)
  select ${defaultFleet}, user_id, role, now() from users where role in ('viewer', 'engineer');

  alter table vehicles
    add column fleet_id uuid not null default ${defaultFleet}
      constraint vehicles_fleet_id_fkey references fleets (fleet_id);
  alter table vehicles
    alter column fleet_id drop default,
    add constraint vehicles_fleet_key unique (vehicle_id, fleet_id);
  create index vehicles_fleet_id_idx on vehicles (fleet_id, created_at desc, vehicle_id desc);

  alter table commands add column fleet_id uuid not null default ${defaultFleet};
  alter table commands
    alter column fleet_id drop default,
    drop constraint commands_vehicle_id_fkey,
    add constraint commands_vehicle_id_fkey
      foreign key (vehicle_id, fleet_id) references vehicles (vehicle_id, fleet_id) on update cascade;
  create index commands_fleet_id_idx on commands (fleet_id, submitted_at desc, command_id desc);
`;

const down = `
  alter table commands drop constraint commands_vehicle_id_fkey;
  alter table commands
    add constraint commands_vehicle_id_fkey foreign key (vehicle_id) references vehicles (vehicle_id),
    drop column fleet_id;
  alter table vehicles drop column fleet_id;
  drop table fleet_members;
  drop table fleets;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
