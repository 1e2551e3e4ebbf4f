import type { QueryInterface } from 'sequelize';

/* How it became known how a command of unknown outcome ended: when, by whom, and in whose words. */
const up = `
  alter table commands
    add column settled_at timestamptz,
    add column settled_by text,
    add column settlement_reason text,
    add constraint commands_settlement_check check (
      (settled_at is null) = (settled_by is null) and (settlement_reason is null or settled_at is not null)
    );
`;

const down = `
  alter table commands
    drop constraint commands_settlement_check,
    drop column settlement_reason,
    drop column settled_by,
    drop column settled_at;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
