import { expect } from 'chai';

import { startProgram, type RunningProgram } from '#support/program.js';

import { eventually, type CommandDesk } from './command-desk.js';
import { useWorkshop } from './workshop.js';

describe('two instances that share the work', () => {
  const variables = { DISPATCH_POLL_MS: '200', DISPATCH_CONCURRENCY: '4' };
  const workshop = useWorkshop({ vehicles: 8, variables });
  let other: RunningProgram;
  let desks: readonly [CommandDesk, CommandDesk];

  before(async () => {
    other = await startProgram(workshop.database.url, variables);
    desks = [workshop.desk, workshop.desk.at(other.url)];
  });
  after(() => other.stop());

  const requests = (commandId: string) => workshop.simulator.ledger.entries({ commandId });

  it('commands ordered at one: are shared, and cancelled by whoever runs them wherever that is asked for', async () => {
    const { simulator, car, database } = workshop;
    const [here, there] = desks;
    simulator.trouble.add({ kind: 'hang' });
    const ids = await Promise.all(simulator.vehicles.map(({ key }) => here.read(car(key))));
    await eventually(() => ids.every((id) => requests(id).length === 1));
    const owners = await database.query<{ count: number }>(
      "select count(*)::integer as count from commands where status = 'in_progress' group by lease_owner",
    );
    expect(owners.map(({ count }) => count)).to.deep.equal([4, 4]);
    for (const id of ids) expect((await there.cancel(id)).status).to.equal(202);
    for (const id of ids) expect((await there.ended(id)).status).to.equal('cancelled');
    for (const id of ids) expect(requests(id)).to.have.length(1);
  });

  it('writes on one vehicle, ordered at both: one at a time, each once', async () => {
    const { simulator, car } = workshop;
    const latencyMillis = 40;
    simulator.trouble.add({ kind: 'latency', millis: latencyMillis });
    const orders = Array.from({ length: 6 }, (_unused, index) => desks.map((desk) => desk.write(car(), index)));
    const ids = await Promise.all(orders.flat());
    for (const id of ids) expect((await workshop.desk.ended(id)).status).to.equal('completed');
    const writes = simulator.ledger.entries({ vehicle: 'car-1', method: 'PUT' });
    expect(writes.map(({ commandId }) => commandId)).to.have.members(ids);
    for (const [index, { at }] of writes.entries()) {
      const before = writes[index - 1];
      // The vehicle answers no earlier than its latency, less what timers are allowed to be early.
      if (before !== undefined) expect(at.getTime() - before.at.getTime()).to.be.at.least(latencyMillis - 2);
    }
  });
});
