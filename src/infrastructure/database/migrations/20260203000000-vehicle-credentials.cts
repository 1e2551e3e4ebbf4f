import type { QueryInterface } from 'sequelize';

const up = `
  alter table vehicles add column credential_summary jsonb;

  create table vehicle_credentials (
    vehicle_id uuid primary key constraint vehicle_credentials_vehicle_id_fkey references vehicles (vehicle_id),
    key_id text not null check (length(key_id) between 1 and 64),
    origin text not null,
    sealed bytea not null
  );
`;

const down = `
  drop table vehicle_credentials;
  alter table vehicles drop column credential_summary;
`;

/** Runs a script as one transaction: the simple query protocol takes several statements at once. */
async function run(queryInterface: QueryInterface, script: string): Promise<void> {
  await queryInterface.sequelize.query(`begin; ${script} commit;`);
}

export = {
  up: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, up),
  down: (queryInterface: QueryInterface): Promise<void> => run(queryInterface, down),
};
