import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { addUser, testPassword } from '#support/program.js';
import { residentBytes } from '#support/resident-memory.js';
import { startServiceProcess, type ServiceProcess } from '#support/service-process.js';

const rowCount = 100_000;
const maxGrowthMebibytes = 30;

describe('exports of 100,000 rows', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let service: ServiceProcess | undefined;
  let username: string;

  before(async () => {
    ({ username } = await addUser(database.url, 'admin'));
    await database.query(
      `insert into vehicles (vehicle_id, fleet_id, vin, make, model, model_year, sovd_base_url, connection_status,
         metadata, version, created_at, updated_at)
       select gen_random_uuid(), fleet_id, 'WVWZZZ1JZXW' || lpad(n::text, 6, '0'), 'Make ' || n % 7, 'Model ' || n % 200,
         2024, 'https://car-' || n || '.example/sovd/v1', 'disconnected', '{"depot": "Hamburg"}', 1,
         timestamptz '2026-01-01' + n * interval '1 second', now()
       from fleets, generate_series(0, $1::integer - 1) n`,
      [rowCount],
    );
    await database.query(
      `insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id,
         vehicle_id, command_id, outcome, details, request_id, user_agent)
       select gen_random_uuid(), now() - n * interval '1 second', 'user', gen_random_uuid(), 'user-' || n % 20,
         'command.submit', 'command', gen_random_uuid()::text, gen_random_uuid(), gen_random_uuid(), 'success',
         '{"command_name": "read-faults"}', gen_random_uuid()::text, 'curl/8'
       from generate_series(1, $1) n`,
      [rowCount],
    );
    await database.query('analyze');
  });
  // Each export is the first work of a service that has just started: later ones find its memory grown already.
  const start = async (): Promise<ServiceProcess> => {
    service = await startServiceProcess(database.url, { NODE_V8_COVERAGE: '' });
    return service;
  };
  afterEach(() => service?.kill());

  const exportOf = async (url: string, path: string): Promise<Response> => {
    const login = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: testPassword }),
    });
    const { access_token: token } = (await login.json()) as { readonly access_token: string };
    return fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  };

  /** Reads an answer to its end, with a pause after each piece. Gives its lines, and by how much the service grew meanwhile. */
  const read = async (path: string, pauseMillis: number): Promise<{ lines: number; growthMebibytes: number }> => {
    const { url, pid } = await start();
    const before = await residentBytes(pid);
    let most = before;
    let lines = 0;
    const answer = await exportOf(url, path);
    for await (const piece of answer.body ?? []) {
      lines += Buffer.from(piece as Uint8Array).filter((byte) => byte === 0x0a).length;
      most = Math.max(most, await residentBytes(pid));
      if (pauseMillis > 0) await sleep(pauseMillis);
    }
    return { lines, growthMebibytes: Math.round((most - before) / 1024 / 1024) };
  };

  for (const { what, path, minLines } of [
    { what: 'the audit log', path: '/api/v1/audit-logs/export', minLines: rowCount },
    { what: 'vehicles', path: '/api/v1/vehicles/export', minLines: rowCount + 1 },
  ]) {
    for (const { reader, pauseMillis } of [
      { reader: 'a fast reader', pauseMillis: 0 },
      { reader: 'a slow one', pauseMillis: 2 },
    ]) {
      it(`${what} for ${reader}: is whole, and resident memory grows by less than ${maxGrowthMebibytes} MiB`, async () => {
        const { lines, growthMebibytes } = await read(path, pauseMillis);
        expect(lines).to.be.at.least(minLines);
        expect(growthMebibytes).to.be.below(maxGrowthMebibytes);
      });
    }
  }
});
