import type { QueryInterface } from 'sequelize';

/**
 * Columns that no query looks for anything in. `analyze` takes each value of its samples apart and sorts them all the same, and
 * what vehicles answer is large: two thirds of its time for `responses` went into their payload.
 */
const columns: Readonly<Record<string, readonly string[]>> = {
  commands: ['command_params', 'request_hash', 'error_message', 'settlement_reason'],
  responses: ['subject', 'response_payload'],
  audit_logs: ['details', 'user_agent'],
  vehicles: ['metadata', 'credential_summary'],
};

/** -1: as the server is set. */
function keepStatistics(target: 0 | -1): string {
  return Object.entries(columns)
    .map(([table, names]) => {
      const changes = names.map((name) => `alter column ${name} set statistics ${target}`);
      return `alter table ${table} ${changes.join(', ')};`;
    })
    .join('\n');
}

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, keepStatistics(0)),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, keepStatistics(-1)),
};
