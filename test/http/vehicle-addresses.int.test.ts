import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { FleetClient } from '#support/fleet-client.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { expectProblem } from './expect-problem.js';

describe('Addresses of vehicles over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let simulator: Simulator;
  let client: FleetClient;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1 });
    // What production has, where nothing is allowed by default.
    service = await startProgram(database.url, { VEHICLE_ALLOWED_NETWORKS: '192.0.2.0/24' });
    client = await FleetClient.admin(service.url, database.url);
  });
  after(async () => {
    await service.stop();
    await simulator.close();
  });

  const objections = [
    ['http://169.254.169.254/latest', 'must not lead to 169.254.169.254 (a metadata service)'],
    ['http://2130706433:9100/sovd/v1', 'must not lead to 127.0.0.1 (loopback)'],
    ['https://[::ffff:127.0.0.1]/sovd/v1', 'must not lead to ::ffff:7f00:1 (loopback)'],
    ['http://LocalHost./sovd/v1', 'must not lead to localhost (loopback)'],
  ] as const;

  it('registering one that no vehicle may have: 400 with the field and the setting, and nothing is stored', async () => {
    for (const [url, objection] of objections) {
      const answer = await client.call('POST', '/vehicles', vehicleBody(url));
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.errors).to.deep.equal([
        {
          pointer: '/sovd_base_url',
          message: `${objection} unless VEHICLE_ALLOWED_NETWORKS names that network`,
        },
      ]);
    }
    expect(await database.query('select 1 from vehicles')).to.deep.equal([]);
  });

  it('moving a vehicle to one: 400, and it stays where it is', async () => {
    const id = await client.register('https://car.example/sovd/v1');
    for (const [url] of objections) {
      const answer = await client.call('PATCH', `/vehicles/${id}`, { sovd_base_url: url });
      expectProblem(answer, 400, 'invalid-request');
    }
    const { body } = await client.call('GET', `/vehicles/${id}`);
    expect(body.sovd_base_url).to.equal('https://car.example/sovd/v1');
    expect((await client.call('PATCH', `/vehicles/${id}`, { make: 'Other' })).status).to.equal(200);
  });

  it('a vehicle that is at one all the same: its command fails at once, and no request arrives', async () => {
    const id = await client.register('https://car.example/sovd/v1');
    await database.query('update vehicles set sovd_base_url = $1 where vehicle_id = $2', [
      simulator.vehicles[0]?.baseUrl,
      id,
    ]);
    const orders = [
      ['read-faults', { entity: 'components/engine-control' }],
      ['clear-faults', { entity: 'components/engine-control' }],
    ] as const;
    for (const [name, parameters] of orders) {
      const { command_id: commandId } = await client.order(id, name, parameters);
      const command = await client.ended(commandId);
      expect(command).to.include({ status: 'failed' });
      expect(command.error).to.deep.equal({
        code: 'vehicle-address-not-allowed',
        message: 'The address of the vehicle is one that no vehicle may have. Nothing was sent.',
      });
      expect(await client.reasons(commandId)).not.to.include('retry');
    }
    expect(simulator.ledger.entries()).to.deep.equal([]);
  });
});
