import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Client } from 'pg';

import { startEmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';
import { migrateUp } from '#infrastructure/database/migrate.js';

/** How much is in the database before anything is measured. */
export const stock = { vehicles: 10_000, commandsPerVehicle: 20 };

/** A PostgreSQL of the benchmark's own, as durable as in production, with databases that hold the same fleet. */
export interface Arena {
  /** Vehicles of the fleet. */
  readonly vehicleIds: readonly string[];
  /** A copy of the filled database, for one contestant alone. */
  readonly copy: () => Promise<ArenaDatabase>;
  readonly close: () => Promise<void>;
}

/** One contestant's database. */
export interface ArenaDatabase {
  readonly url: string;
  readonly query: <Row extends object>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
}

/** Starts the server, migrates, and fills a database with `fill`. */
export async function openArena(fill: (database: ArenaDatabase) => Promise<void>): Promise<Arena> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sovd-fleet-bench-'));
  const postgres = await startEmbeddedPostgres({
    dataDirectory: path.join(directory, 'postgres'),
    flags: ['-c', 'max_connections=400'],
  });
  const clients: Client[] = [];
  const connect = async (url: string): Promise<ArenaDatabase> => {
    const client = new Client({ connectionString: url });
    clients.push(client);
    await client.connect();
    return {
      url,
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(text, [...values])).rows,
    };
  };
  const disconnect = async (): Promise<void> => {
    for (const client of clients.splice(0)) await client.end();
  };
  await migrateUp(postgres.url);
  const filled = await connect(postgres.url);
  await fill(filled);
  const vehicles = await filled.query<{ readonly vehicle_id: string }>(
    'select vehicle_id from vehicles order by vin limit 500',
  );
  await disconnect();
  const adminUrl = new URL(postgres.url);
  adminUrl.pathname = '/postgres';
  const admin = await connect(adminUrl.href);
  let copies = 0;
  return {
    vehicleIds: vehicles.map((vehicle) => vehicle.vehicle_id),
    copy: async () => {
      const url = new URL(postgres.url);
      const template = url.pathname.slice(1);
      url.pathname = `/${template}_${(copies += 1)}`;
      await admin.query(`create database ${url.pathname.slice(1)} template ${template}`);
      return connect(url.href);
    },
    close: async () => {
      await disconnect();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Fills a database that has one user: vehicles, all at one address, and commands that have ended. */
export async function fill({ query }: ArenaDatabase, vehicleUrl: string): Promise<void> {
  await query(
    `insert into vehicles (vehicle_id, vin, make, model, model_year, sovd_base_url, connection_status, last_seen_at,
       metadata, version, created_at, updated_at)
     select gen_random_uuid(), 'WVWZZZ1JZXW' || lpad(i::text, 6, '0'), 'Meridian', 'Tourer', 2024, $1, 'connected', now(),
       '{"plant": "north", "colour": "blue"}', 1, now() - make_interval(secs => i), now()
     from generate_series(1, $2) i`,
    [vehicleUrl, stock.vehicles],
  );
  await query(
    `insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, when_offline,
       timeout_seconds, expires_at, submitted_at, started_at, completed_at, attempts, last_event_number, response_count,
       lease_number)
     select gen_random_uuid(), u.user_id, v.vehicle_id, 'read-faults', '{"entity": "components/engine-control"}', 'safe',
       'completed', 'queue', 30, t.at, t.at, t.at, t.at, 1, 4, 1, 1
     from users u, vehicles v, generate_series(1, $1) n,
       lateral (select now() - make_interval(hours => n, secs => random() * 3000) as at where v.vin is not null) t`,
    [stock.commandsPerVehicle],
  );
  await query(`insert into command_transitions (command_id, event_number, from_status, to_status, occurred_at, actor, reason)
    select c.command_id, n, (array[null, 'pending', 'in_progress'])[n], (array['pending', 'in_progress', 'completed'])[n],
      c.submitted_at, 'bench', 'submitted'
    from commands c, generate_series(1, 3) n`);
  await query('vacuum analyze');
}
