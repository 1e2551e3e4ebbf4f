import { expect } from 'chai';

import { eventually } from './command-desk.js';
import { useWorkshop } from './workshop.js';

describe('the lanes of vehicles', () => {
  const workshop = useWorkshop({ vehicles: 6, variables: { DISPATCH_CONCURRENCY: '5' } });
  const car = (index: number): string => workshop.car(`car-${index + 1}`);
  const open = (vehicle?: string) =>
    workshop.simulator.ledger
      .entries(vehicle === undefined ? {} : { vehicle })
      .filter(({ ending }) => ending === 'hung');
  /** A read on another vehicle went through: whatever could start before it has started. */
  const passOver = async (index: number): Promise<void> => {
    const { desk } = workshop;
    await desk.ended(await desk.read(car(index)));
  };

  it('writes on one vehicle: never overlap and keep the order of acceptance', async () => {
    const { desk, simulator } = workshop;
    const latencyMillis = 40;
    simulator.trouble.add({ kind: 'latency', vehicle: 'car-1', millis: latencyMillis });
    const ids: string[] = [];
    for (let value = 0; value < 10; value += 1) ids.push(await desk.write(car(0), value));
    for (const id of ids) expect((await desk.ended(id)).status).to.equal('completed');
    const writes = simulator.ledger.entries({ vehicle: 'car-1', method: 'PUT' });
    expect(writes.map(({ commandId }) => commandId)).to.deep.equal(ids);
    for (const [index, write] of writes.entries()) {
      const before = writes[index - 1];
      // The vehicle answers no earlier than its latency, less what timers are allowed to be early.
      if (before !== undefined) expect(write.at.getTime() - before.at.getTime()).to.be.at.least(latencyMillis - 2);
    }
  });

  it('reads on one vehicle: four at once and no more', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', vehicle: 'car-1' });
    const ids = await Promise.all(Array.from({ length: 7 }, () => desk.read(car(0))));
    await eventually(() => open('car-1').length === 4);
    await passOver(1);
    expect(open('car-1')).to.have.length(4);
    const [first] = open('car-1');
    await desk.cancel(first?.commandId ?? '');
    await eventually(() => simulator.ledger.entries({ vehicle: 'car-1' }).length === 5);
    simulator.trouble.clear();
    for (const id of ids) await desk.cancel(id);
    for (const id of ids) await desk.ended(id);
  });

  it('a read after a write: waits for it and sees what it wrote', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'latency', vehicle: 'car-1', method: 'PUT', millis: 150 });
    const write = await desk.write(car(0), 77);
    const read = await desk.order(car(0), 'read-data', {
      entity: 'apps/diagnostic-recorder',
      data_ids: ['trigger-level'],
    });
    await desk.ended(read);
    const [response] = await desk.responses(read);
    expect(response.response_payload.result.value).to.equal(77);
    expect((await desk.command(write)).status).to.equal('completed');
  });

  it('a write after a read: waits until the read has ended', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', vehicle: 'car-1', method: 'GET' });
    const read = await desk.read(car(0));
    await eventually(() => open('car-1').length === 1);
    const write = await desk.write(car(0), 5);
    await passOver(1);
    expect((await desk.command(write)).status).to.equal('pending');
    expect(simulator.ledger.entries({ vehicle: 'car-1', method: 'PUT' })).to.have.length(0);
    await desk.cancel(read);
    expect((await desk.ended(write)).status).to.equal('completed');
  });

  it('a read after a write that waits: does not overtake it', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', vehicle: 'car-1', method: 'GET', count: 1 });
    const first = await desk.read(car(0));
    await eventually(() => open('car-1').length === 1);
    const write = await desk.write(car(0), 6);
    const second = await desk.read(car(0));
    await passOver(1);
    expect((await desk.command(second)).status).to.equal('pending');
    await desk.cancel(first);
    await desk.ended(second);
    const order = simulator.ledger.entries({ vehicle: 'car-1' }).map(({ commandId }) => commandId);
    expect(order).to.deep.equal([first, write, second]);
  });

  it('different vehicles: go on while one hangs', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', vehicle: 'car-1' });
    const hanging = await desk.write(car(0), 1, { timeout_seconds: 1 });
    await eventually(() => open('car-1').length === 1);
    const others = await Promise.all([1, 2, 3].map((index) => desk.write(car(index), index)));
    for (const id of others) expect((await desk.ended(id)).status).to.equal('completed');
    expect(open('car-1')).to.have.length(1);
    expect((await desk.ended(hanging)).status).to.equal('outcome_unknown');
  });

  it('DISPATCH_CONCURRENCY: as many at once in an instance, over all vehicles', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang' });
    const ids = await Promise.all(
      [0, 1, 2, 3, 4, 5].flatMap((index) => [desk.read(car(index)), desk.read(car(index))]),
    );
    await eventually(() => open().length === 5);
    const [first] = open();
    await desk.cancel(first?.commandId ?? '');
    await eventually(() => simulator.ledger.size === 6);
    const running = await workshop.database.query("select from commands where status = 'in_progress'");
    expect(running).to.have.length(5);
    simulator.trouble.clear();
    for (const id of ids) await desk.cancel(id);
    for (const id of ids) await desk.ended(id);
    expect(simulator.ledger.size).to.be.at.most(ids.length);
  });

  it('changes that never got their answer: take no place away from others', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', method: 'PUT' });
    const hanging = await Promise.all(
      [0, 1, 2, 3, 4].map((index) => desk.write(car(index), 1, { timeout_seconds: 1 })),
    );
    for (const id of hanging) expect((await desk.ended(id)).status).to.equal('outcome_unknown');
    const read = await desk.read(car(5));
    expect((await desk.ended(read)).status).to.equal('completed');
    const next = await desk.read(car(0));
    expect((await desk.ended(next)).status).to.equal('completed');
  });
});
