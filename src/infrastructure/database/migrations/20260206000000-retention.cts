import type { QueryInterface } from 'sequelize';

/*
 * When the responses of a command were purged. What is due is found by these two indexes, from the oldest end on: a command
 * that has ended stands in the first until its responses are gone, and in the second from then until it goes itself. So a
 * step of the purge looks at what it purges and at no other row. Nothing that changes while a command runs is in them.
 */
const up = `
  alter table commands
    add column responses_purged_at timestamptz,
    add constraint commands_responses_purged_check check (responses_purged_at is null or completed_at is not null);
  create index commands_responses_due_idx on commands (completed_at, command_id)
    where completed_at is not null and responses_purged_at is null;
  create index commands_purge_due_idx on commands (completed_at, command_id) where responses_purged_at is not null;
`;

const down = `
  drop index commands_purge_due_idx;
  drop index commands_responses_due_idx;
  alter table commands
    drop constraint commands_responses_purged_check,
    drop column responses_purged_at;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
