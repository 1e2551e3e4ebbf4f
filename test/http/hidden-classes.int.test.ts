import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { FleetClient } from '#support/fleet-client.js';
import { startServiceProcess, type ServiceProcess } from '#support/service-process.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

const rounds = 100;

describe('hidden classes of the engine', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let simulator: Simulator;
  let service: ServiceProcess;
  let client: FleetClient;
  let vehicle: string;
  let logFile: string;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1 });
    logFile = path.join(await makeTemporaryDirectory('hidden-classes'), 'v8.log');
    service = await startServiceProcess(
      database.url,
      { REQUESTS_PER_MINUTE_PER_USER: '1000000', NODE_V8_COVERAGE: '' },
      ['--log-maps', '--no-log-maps-details', '--no-logfile-per-isolate', `--logfile=${logFile}`],
    );
    client = await FleetClient.admin(service.url, database.url);
    vehicle = await client.register(simulator.vehicles[0]?.baseUrl ?? '');
  });
  after(async () => {
    await service.kill();
    await simulator.close();
  });

  /** Those that the engine has made since the service was started. */
  const madeSoFar = async (): Promise<number> => (await readFile(logFile, 'latin1')).split('\nmap,').length - 1;

  const follow = async (): Promise<void> => {
    const { command_id: id } = await client.order(vehicle, 'read-data', {
      entity: 'apps/diagnostic-recorder',
      data_ids: ['channel-001'],
    });
    const events = await fetch(`${service.url}/api/v1/commands/${id}/events`, {
      headers: { authorization: `Bearer ${client.token}` },
    });
    expect(await events.text()).to.include('"to_status":"completed"');
  };

  for (const { what, ask } of [
    { what: 'a read', ask: () => client.call('GET', `/vehicles/${vehicle}`) },
    { what: 'a page of a list', ask: () => client.call('GET', `/commands?vehicle_id=${vehicle}`) },
    { what: 'a command, followed to its end', ask: follow },
  ]) {
    it(`${what}, when others of its kind came before: makes none`, async () => {
      for (let count = 0; count < rounds; count += 1) await ask();
      const before = await madeSoFar();
      for (let count = 0; count < rounds; count += 1) await ask();
      const made = (await madeSoFar()) - before;
      expect(made / rounds).to.be.below(1);
    });
  }
});
