import type { QueryInterface } from 'sequelize';

const up = `
  alter table users
    add column access_version integer not null default 0,
    add column access_changed_at timestamptz;
  create index users_created_at_idx on users (created_at desc, user_id desc);
  create index users_access_changed_at_idx on users (access_changed_at) where access_changed_at is not null;

  alter table sessions add column logged_in_at timestamptz not null default now();
  update sessions s
  set logged_in_at = (select min(f.created_at) from sessions f where f.family_id = s.family_id);
  create index sessions_user_id_idx on sessions (user_id, logged_in_at desc, family_id desc);
  create index sessions_revoked_at_idx on sessions (revoked_at) where revoked_at is not null;
  create index sessions_expires_at_idx on sessions (expires_at);
`;

const down = `
  drop index sessions_expires_at_idx;
  drop index sessions_revoked_at_idx;
  drop index sessions_user_id_idx;
  alter table sessions drop column logged_in_at;
  drop index users_access_changed_at_idx;
  drop index users_created_at_idx;
  alter table users drop column access_changed_at, drop column access_version;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
