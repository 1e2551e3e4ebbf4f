import type { QueryInterface } from 'sequelize';

/** An index of a list: its leading columns, if any, then time and id. */
interface ListIndex {
  readonly name: string;
  readonly leading?: string;
  readonly where?: string;
}

const commandIndexes: readonly ListIndex[] = [
  { name: 'commands_submitted_at_idx' },
  { name: 'commands_vehicle_id_idx', leading: 'vehicle_id' },
  { name: 'commands_user_id_idx', leading: 'user_id' },
  { name: 'commands_command_name_idx', leading: 'command_name' },
  { name: 'commands_final_status_idx', leading: 'status', where: "status not in ('pending', 'in_progress')" },
  { name: 'commands_fleet_id_idx', leading: 'fleet_id' },
  { name: 'commands_fleet_status_idx', leading: 'fleet_id, status' },
  { name: 'commands_fleet_user_idx', leading: 'fleet_id, user_id' },
  { name: 'commands_fleet_name_idx', leading: 'fleet_id, command_name' },
];

const auditIndexes: readonly ListIndex[] = [
  { name: 'audit_logs_occurred_at_idx' },
  { name: 'audit_logs_user_id_idx', leading: 'user_id', where: 'user_id is not null' },
  { name: 'audit_logs_username_idx', leading: 'lower(username)', where: 'username is not null' },
  { name: 'audit_logs_action_idx', leading: 'action' },
  { name: 'audit_logs_entity_type_idx', leading: 'entity_type', where: "entity_type <> 'command'" },
  { name: 'audit_logs_vehicle_id_idx', leading: 'vehicle_id', where: 'vehicle_id is not null' },
  { name: 'audit_logs_outcome_idx', leading: 'outcome', where: "outcome <> 'success'" },
];

/**
 * What is new comes last. In ascending order its entries go to the end of an index, where PostgreSQL knows its way without a
 * search and fills a page before it begins another; in descending order each went to the beginning, and every page was split
 * in halves. Lists read the indexes backwards.
 */
function build(order: 'asc' | 'desc'): string {
  const rebuilt = (table: string, time: string, id: string, indexes: readonly ListIndex[]): readonly string[] =>
    indexes.map(({ name, leading, where }) => {
      const columns = [...(leading === undefined ? [] : [leading]), `${time} ${order}`, `${id} ${order}`].join(', ');
      const condition = where === undefined ? '' : ` where ${where}`;
      return `drop index ${name}; create index ${name} on ${table} (${columns})${condition};`;
    });
  return [
    ...rebuilt('commands', 'submitted_at', 'command_id', commandIndexes),
    ...rebuilt('audit_logs', 'occurred_at', 'log_id', auditIndexes),
  ].join('\n');
}

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, build('asc')),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, build('desc')),
};
