import type { QueryInterface } from 'sequelize';

/*
 * One index for each filter of the audit log. Rows are only ever added, so an index costs each row once. Ids of which few rows
 * share one need no order behind them; the rest come newest first. What most rows have in common (acts on commands, success)
 * is left out: those are found soon by walking along the time.
 *
 * Lists of commands: by type, which never changes; and by how they ended, which is written once, at the end. The states before
 * that have the small indexes of the queue.
 */
const up = `
  create index audit_logs_user_id_idx on audit_logs (user_id, occurred_at desc, log_id desc) where user_id is not null;
  create index audit_logs_username_idx on audit_logs (lower(username), occurred_at desc, log_id desc)
    where username is not null;
  create index audit_logs_action_idx on audit_logs (action, occurred_at desc, log_id desc);
  create index audit_logs_entity_type_idx on audit_logs (entity_type, occurred_at desc, log_id desc)
    where entity_type <> 'command';
  create index audit_logs_entity_id_idx on audit_logs (entity_id) where entity_id is not null;
  create index audit_logs_vehicle_id_idx on audit_logs (vehicle_id, occurred_at desc, log_id desc)
    where vehicle_id is not null;
  create index audit_logs_command_id_idx on audit_logs (command_id) where command_id is not null;
  create index audit_logs_outcome_idx on audit_logs (outcome, occurred_at desc, log_id desc) where outcome <> 'success';
  create index audit_logs_request_id_idx on audit_logs (request_id) where request_id is not null;

  create index commands_command_name_idx on commands (command_name, submitted_at desc, command_id desc);
  create index commands_final_status_idx on commands (status, submitted_at desc, command_id desc)
    where status not in ('pending', 'in_progress');
`;

const down = `
  drop index commands_final_status_idx;
  drop index commands_command_name_idx;
  drop index audit_logs_request_id_idx;
  drop index audit_logs_outcome_idx;
  drop index audit_logs_command_id_idx;
  drop index audit_logs_vehicle_id_idx;
  drop index audit_logs_entity_id_idx;
  drop index audit_logs_entity_type_idx;
  drop index audit_logs_action_idx;
  drop index audit_logs_username_idx;
  drop index audit_logs_user_id_idx;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
