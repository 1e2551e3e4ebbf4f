import { expect } from 'chai';

import { eventually } from './command-desk.js';
import { useWorkshop } from './workshop.js';

describe('cancelling', () => {
  const workshop = useWorkshop({ vehicles: 2 });
  const requests = (commandId: string) => workshop.simulator.ledger.entries({ commandId });

  it('a command that waits: cancelled at once, and never sent', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'hang', method: 'GET', count: 1 });
    const first = await desk.read(car());
    await eventually(() => requests(first).length === 1);
    const second = await desk.write(car(), 1);
    const { status, body } = await desk.cancel(second);
    expect(status).to.equal(200);
    expect(body).to.include({ cancellation: 'cancelled' });
    expect(body.command).to.include({ status: 'cancelled', started_at: null });
    expect((await desk.cancel(first)).status).to.equal(202);
    await desk.ended(first);
    // The next change goes through the lane, so what was cancelled would have gone before.
    await desk.ended(await desk.write(car(), 2));
    expect(requests(second)).to.have.length(0);
    expect(await desk.reasons(second)).to.deep.equal(['submitted', 'cancel-requested']);
  });

  it('a read that runs: lets go of the vehicle, keeps what it has, cancelled', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'hang', pathPrefix: '/apps/diagnostic-recorder/data/channel-003' });
    const id = await desk.read(car(), 5);
    await eventually(() => requests(id).length === 3);
    const { status, body } = await desk.cancel(id);
    expect(status).to.equal(202);
    expect(body.cancellation).to.equal('requested');
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'cancelled', response_count: 2, error: null });
    expect(command.cancel_requested_at).to.be.a('string');
    expect(requests(id)).to.have.length(3);
  });

  it('a read between two tries: cancelled, and not tried again', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'retry-after', seconds: 20 });
    const id = await desk.read(car(), 1, { timeout_seconds: 60 });
    await desk.until(id, ({ attempts }) => attempts === 2);
    await desk.cancel(id);
    expect((await desk.ended(id)).status).to.equal('cancelled');
    expect(requests(id)).to.have.length(1);
  });

  it('an execution that runs: is stopped with its own DELETE, cancelled', async () => {
    const { desk, car } = workshop;
    const id = await desk.record(car(), 1000, 20);
    await desk.until(id, ({ response_count: count }) => count > 0);
    expect((await desk.cancel(id)).status).to.equal(202);
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'cancelled', error: null });
    const ways = requests(id).map(({ method }) => method);
    expect(ways.filter((method) => method === 'POST')).to.have.length(1);
    expect(ways.filter((method) => method === 'DELETE')).to.have.length(1);
    expect((await desk.responses(id)).at(-1).is_final).to.equal(true);
  });

  it('an execution whose stop the vehicle refuses: goes on, says so, and completes', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'status', status: 409, method: 'DELETE' });
    simulator.trouble.add({ kind: 'status', status: 409, method: 'PUT' });
    const id = await desk.record(car(), 40, 20);
    await desk.until(id, ({ response_count: count }) => count > 0);
    await desk.cancel(id);
    const command = await desk.ended(id);
    expect(command.status).to.equal('completed');
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'cancel-refused', 'answered']);
    expect(requests(id).filter(({ method }) => method === 'DELETE')).to.have.length(1);
  });

  it('an execution that changes with every look while its stop is refused: loses no response and not its lease', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'status', status: 409, method: 'DELETE' });
    const ids = await Promise.all(['car-1', 'car-2'].map((key) => desk.record(car(key), 60, 15)));
    for (const id of ids) await desk.until(id, ({ response_count: count }) => count > 0);
    await Promise.all(ids.map((id) => desk.cancel(id)));
    for (const id of ids) expect((await desk.ended(id)).status).to.equal('completed');
  });

  it('a write that is under way: cannot be taken back, says so, and completes', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'latency', millis: 250 });
    const id = await desk.write(car(), 1);
    await eventually(() => requests(id).length === 1);
    expect((await desk.cancel(id)).status).to.equal(202);
    await desk.cancel(id);
    expect((await desk.ended(id)).status).to.equal('completed');
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'cancel-refused', 'answered']);
  });

  it('an operation that is done at once, under way: cannot be taken back, says so, and completes', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'latency', millis: 250 });
    const parameters = { entity: 'components/engine-control', operation_id: 'reset-adaptations' };
    const id = await desk.order(car(), 'execute-operation', parameters);
    await eventually(() => requests(id).length === 1);
    await desk.cancel(id);
    expect((await desk.ended(id)).status).to.equal('completed');
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'cancel-refused', 'answered']);
  });

  it('a command that waits again for a vehicle that is away, and was to be cancelled: is never sent', async () => {
    const { desk, simulator, car, database } = workshop;
    simulator.trouble.add({ kind: 'hang', method: 'PUT', count: 1 });
    const first = await desk.write(car(), 1, { timeout_seconds: 1 });
    await eventually(() => requests(first).length === 1);
    const second = await desk.write(car(), 2, { when_offline: 'queue' });
    // As it stands when the wish came between the failure to connect and the way back into the queue.
    await database.query('update commands set cancel_requested_at = now() where command_id = $1', [second]);
    expect((await desk.ended(second)).status).to.equal('cancelled');
    expect(requests(second)).to.have.length(0);
    await desk.ended(first);
  });

  it('a command that has ended: 409, and nothing changes', async () => {
    const { desk, car } = workshop;
    const id = await desk.read(car());
    const ended = await desk.ended(id);
    const { status, body } = await desk.cancel(id);
    expect(status).to.equal(409);
    expect(body).to.include({ code: 'command-already-final', command_status: 'completed' });
    expect(await desk.command(id)).to.deep.equal(ended);
  });

  it('a change that is overdue: 409, its outcome is unknown already', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'hang' });
    const id = await desk.write(car(), 1, { timeout_seconds: 1 });
    await desk.ended(id);
    const { status, body } = await desk.cancel(id);
    expect(status).to.equal(409);
    expect(body.command_status).to.equal('outcome_unknown');
  });
});
