import type { QueryInterface } from 'sequelize';

/*
 * Lists of those who see some fleets are made of the first rows of each fleet, and PostgreSQL plans that once for all their
 * fleets, be they of ten vehicles or of nearly all. So each filter has an index that begins with the fleet and goes on in
 * the order of the list: it reads a page of either. A command's vehicle says its fleet, so that filter needs none.
 *
 * Logins are few among the renewals of their sessions, and revoked sessions few among all.
 */
const up = `
  create index commands_fleet_status_idx on commands (fleet_id, status, submitted_at desc, command_id desc);
  create index commands_fleet_user_idx on commands (fleet_id, user_id, submitted_at desc, command_id desc);
  create index commands_fleet_name_idx on commands (fleet_id, command_name, submitted_at desc, command_id desc);

  create index vehicles_fleet_status_idx on vehicles (fleet_id, connection_status, created_at desc, vehicle_id desc);
  create index vehicles_fleet_make_idx on vehicles (fleet_id, lower(make), created_at desc, vehicle_id desc);
  create index vehicles_fleet_model_idx on vehicles (fleet_id, lower(model), created_at desc, vehicle_id desc);

  create index users_role_idx on users (role, created_at desc, user_id desc);
  create index users_inactive_idx on users (created_at desc, user_id desc) where not is_active;
  create index fleet_members_joined_idx on fleet_members (fleet_id, created_at desc, user_id desc);

  create index sessions_logins_idx on sessions (user_id, logged_in_at desc, family_id desc) where rotated_at is null;
  create index sessions_revoked_family_idx on sessions (family_id) where revoked_at is not null;
`;

const down = `
  drop index sessions_revoked_family_idx;
  drop index sessions_logins_idx;
  drop index fleet_members_joined_idx;
  drop index users_inactive_idx;
  drop index users_role_idx;
  drop index vehicles_fleet_model_idx;
  drop index vehicles_fleet_make_idx;
  drop index vehicles_fleet_status_idx;
  drop index commands_fleet_name_idx;
  drop index commands_fleet_user_idx;
  drop index commands_fleet_status_idx;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
