import { expect } from 'chai';

import { startSimulator } from '#simulator/simulator.js';
import type { TroubleSpec } from '#simulator/trouble.js';
import { findFreePort } from '#support/free-port.js';

import { eventually } from './command-desk.js';
import { useWorkshop } from './workshop.js';

describe('the truth about what a vehicle did', () => {
  const workshop = useWorkshop({ vehicles: 2 });
  const requests = (commandId: string) => workshop.simulator.ledger.entries({ commandId });

  const writes: readonly (readonly [
    what: string,
    trouble: TroubleSpec,
    status: string,
    code: string,
    hasBody: boolean,
  ])[] = [
    ['a drop after the effect', { kind: 'drop', effect: 'after' }, 'outcome_unknown', 'vehicle-connection-lost', false],
    ['a drop before it', { kind: 'drop', effect: 'before' }, 'outcome_unknown', 'vehicle-connection-lost', false],
    ['half an answer', { kind: 'drop', at: 'mid-body' }, 'outcome_unknown', 'vehicle-connection-lost', false],
    ['status 500', { kind: 'status', status: 500 }, 'outcome_unknown', 'vehicle-error', true],
    ['status 502', { kind: 'status', status: 502 }, 'outcome_unknown', 'vehicle-error', true],
    ['status 504', { kind: 'status', status: 504 }, 'outcome_unknown', 'vehicle-error', true],
    ['status 408', { kind: 'status', status: 408 }, 'outcome_unknown', 'vehicle-rejected', true],
    ['status 400', { kind: 'status', status: 400 }, 'failed', 'vehicle-rejected', true],
    ['status 409', { kind: 'status', status: 409 }, 'failed', 'vehicle-rejected', true],
    ['status 503', { kind: 'status', status: 503 }, 'failed', 'vehicle-error', true],
  ];
  for (const [what, trouble, status, code, hasBody] of writes) {
    for (const kind of ['idempotent', 'unsafe'] as const) {
      // What is executed answers with 202 and goes on elsewhere, so half of its answer isn't the end.
      it(`${kind} change, ${what}: ${status}, ${code}`, async () => {
        const { desk, simulator, car } = workshop;
        simulator.trouble.add(trouble);
        const id = kind === 'idempotent' ? await desk.write(car(), 12) : await desk.record(car(), 1, 1);
        const command = await desk.ended(id);
        expect(command.status).to.equal(status);
        expect(command.error.code).to.equal(code);
        expect(requests(id)).to.have.length(1);
        const responses = await desk.responses(id);
        expect(responses).to.have.length(hasBody ? 1 : 0);
        if (!hasBody) return;
        expect(responses[0].is_final).to.equal(true);
        expect(responses[0].response_payload.body).to.have.property('error_code').that.is.a('string');
        expect(command.error.message).to.include(responses[0].response_payload.body.error_code);
      });
    }
  }

  it('a write that the vehicle refuses for its own reasons: failed, and its words stand in the final response', async () => {
    const { desk, car } = workshop;
    const id = await desk.write(car(), 5000);
    const command = await desk.ended(id);
    expect(command.status).to.equal('failed');
    expect(command.error.code).to.equal('vehicle-rejected');
    const [response] = await desk.responses(id);
    expect(response).to.include({ is_final: true, sequence_number: 0 });
    expect(response.response_payload.status).to.equal(400);
    expect(JSON.stringify(response.response_payload.body)).to.include('error_code');
  });

  it('a write to a vehicle that refuses connections: failed, the vehicle is away, and the next write is 409', async () => {
    const { desk } = workshop;
    const away = await desk.register(`http://127.0.0.1:${await findFreePort()}/sovd/v1`);
    const command = await desk.ended(await desk.write(away, 1));
    expect(command.status).to.equal('failed');
    expect(command.error.code).to.equal('vehicle-unreachable');
    expect((await desk.vehicle(away)).connection_status).to.equal('disconnected');
    const refused = await desk.submit(away, 'clear-faults', { entity: 'components/engine-control' });
    expect(refused.status).to.equal(409);
    expect(refused.body).to.include({ code: 'vehicle-offline', last_seen_at: null });
  });

  it('a read for a vehicle that is away: waits, and completes when the vehicle is there', async () => {
    const { desk, simulator } = workshop;
    const port = await findFreePort();
    const path = new URL(simulator.vehicles[0]?.baseUrl ?? '').pathname;
    const away = await desk.register(`http://127.0.0.1:${port}${path}`);
    const id = await desk.read(away, 2);
    await desk.until(id, ({ status, attempts }) => status === 'pending' && attempts === 1);
    expect((await desk.reasons(id)).slice(0, 3)).to.deep.equal(['submitted', 'claimed', 'vehicle-offline']);
    const other = await startSimulator({ vehicles: 1, port });
    try {
      const command = await desk.ended(id);
      expect(command).to.include({ status: 'completed', response_count: 2, error: null });
      expect(other.ledger.entries({ commandId: id })).to.have.length(2);
      expect((await desk.vehicle(away)).connection_status).to.equal('connected');
    } finally {
      await other.close();
    }
  });

  it('a queued change for a vehicle that is away: waits, and is sent once when the vehicle is there', async () => {
    const { desk, simulator } = workshop;
    const port = await findFreePort();
    const path = new URL(simulator.vehicles[0]?.baseUrl ?? '').pathname;
    const away = await desk.register(`http://127.0.0.1:${port}${path}`);
    const id = await desk.write(away, 3, { when_offline: 'queue' });
    await desk.until(id, ({ status, attempts }) => status === 'pending' && attempts === 1);
    const other = await startSimulator({ vehicles: 1, port });
    try {
      expect(await desk.ended(id)).to.include({ status: 'completed' });
      expect(other.ledger.entries({ commandId: id })).to.have.length(1);
    } finally {
      await other.close();
    }
  });

  it('a command whose time is over before it could start: expired, and never sent', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'hang', method: 'PUT', count: 1 });
    const first = await desk.write(car(), 1, { timeout_seconds: 2 });
    await eventually(() => requests(first).length === 1);
    const second = await desk.write(car(), 2, { expires_in_seconds: 1 });
    const command = await desk.ended(second);
    expect(command).to.include({ status: 'expired', started_at: null, attempts: 0, error: null });
    expect(await desk.reasons(second)).to.deep.equal(['submitted', 'expired']);
    await desk.ended(first);
    expect(requests(second)).to.have.length(0);
  });

  it('a read for a vehicle that stays away: expired', async () => {
    const { desk } = workshop;
    const away = await desk.register(`http://127.0.0.1:${await findFreePort()}/sovd/v1`);
    const id = await desk.read(away, 1, { expires_in_seconds: 1 });
    expect((await desk.ended(id)).status).to.equal('expired');
  });

  it('a read that hangs: failed with vehicle-timeout', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'hang' });
    const id = await desk.read(car(), 1, { timeout_seconds: 1 });
    const command = await desk.ended(id);
    expect(command.status).to.equal('failed');
    expect(command.error).to.deep.equal({
      code: 'vehicle-timeout',
      message: 'The vehicle did not answer within 1 s.',
    });
    await eventually(() => requests(id).every(({ ending }) => ending === 'hung'));
    expect((await desk.vehicle(car())).connection_status).to.equal('error');
  });

  it('a write that hangs: outcome_unknown, and the lane is free for the next', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'hang', count: 1 });
    const id = await desk.write(car(), 1, { timeout_seconds: 1 });
    const next = await desk.write(car(), 2);
    const command = await desk.ended(id);
    expect(command.status).to.equal('outcome_unknown');
    expect(command.error.code).to.equal('vehicle-timeout');
    expect((await desk.ended(next)).status).to.equal('completed');
  });

  for (const [what, value, status] of [
    ['a late answer', 4, 'completed'],
    ['a late refusal', 5000, 'failed'],
  ] as const) {
    it(`a write that times out, and ${what}: settled once, as ${status}`, async () => {
      const { desk, simulator, car } = workshop;
      simulator.trouble.add({ kind: 'latency', millis: 1600, count: 1 });
      const id = await desk.write(car(), value, { timeout_seconds: 1 });
      const unknown = await desk.ended(id);
      expect(unknown.status).to.equal('outcome_unknown');
      const settled = await desk.until(id, (command) => command.status !== 'outcome_unknown');
      expect(settled).to.include({ status, response_count: 1 });
      const moves = (await desk.transitions(id)).map(({ to_status: to, reason }) => `${to} ${reason}`);
      expect(moves).to.deep.equal([
        ...['pending submitted', 'in_progress claimed', 'outcome_unknown vehicle-timeout'],
        `${status} late-answer`,
      ]);
      expect(requests(id)).to.have.length(1);
    });
  }

  it('a write that times out, and a late loss of the connection: tells nothing new', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'latency', millis: 1300, count: 1 });
    simulator.trouble.add({ kind: 'drop', effect: 'after', count: 1 });
    const id = await desk.write(car(), 4, { timeout_seconds: 1 });
    await desk.ended(id);
    await eventually(() => requests(id)[0]?.ending === 'dropped');
    // Whatever came of it is stored before the next command of this lane can have ended.
    await desk.ended(await desk.write(car(), 6));
    expect((await desk.command(id)).status).to.equal('outcome_unknown');
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'vehicle-timeout']);
  });

  it('an operation: is followed to its end, a response per change', async () => {
    const { desk, simulator, car } = workshop;
    const id = await desk.record(car(), 30, 20);
    const command = await desk.ended(id);
    expect(command.status).to.equal('completed');
    const responses = await desk.responses(id);
    expect(responses.length).to.be.at.least(3);
    const last = responses.at(-1);
    expect(last.is_final).to.equal(true);
    expect(last.response_payload.result.execution_status).to.equal('completed');
    expect(last.response_payload.result.parameters).to.include({ samples_taken: 30 });
    expect(simulator.ledger.entries({ commandId: id, method: 'POST' })).to.have.length(1);
  });

  it('an operation that fails on the vehicle: failed, with what the vehicle says of it', async () => {
    const { desk, car } = workshop;
    const parameters = { entity: 'components/engine-control', operation_id: 'injector-calibration' };
    const id = await desk.order(car(), 'execute-operation', parameters);
    const command = await desk.ended(id);
    expect(command.status).to.equal('failed');
    expect(command.error.code).to.equal('vehicle-error');
    const last = (await desk.responses(id)).at(-1);
    expect(last.is_final).to.equal(true);
    expect(last.response_payload.body.status).to.equal('failed');
    expect(JSON.stringify(last.response_payload.body)).to.include('Injector 1');
  });
});
