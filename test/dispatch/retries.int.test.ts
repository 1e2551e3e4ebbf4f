import { expect } from 'chai';

import type { TroubleSpec } from '#simulator/trouble.js';

import { useWorkshop } from './workshop.js';

describe('retries', () => {
  const workshop = useWorkshop({ vehicles: 1 });
  const channel = '/apps/diagnostic-recorder/data/channel-001';
  const nextChannel = '/apps/diagnostic-recorder/data/channel-002';
  const requests = (commandId: string) => workshop.simulator.ledger.entries({ commandId });

  const passing: readonly (readonly [string, TroubleSpec])[] = [
    ['502', { kind: 'status', status: 502 }],
    ['503', { kind: 'status', status: 503 }],
    ['504', { kind: 'status', status: 504 }],
    ['429', { kind: 'status', status: 429, body: 'empty' }],
    ['a dropped connection', { kind: 'drop' }],
    ['an answer that breaks off', { kind: 'drop', at: 'mid-body' }],
  ];
  for (const [what, trouble] of passing) {
    it(`a read that meets ${what} twice: is tried again, completes, and each attempt is on record`, async () => {
      const { desk, simulator, car } = workshop;
      simulator.trouble.add({ ...trouble, count: 2 });
      const id = await desk.read(car(), 2);
      const command = await desk.ended(id);
      expect(command).to.include({ status: 'completed', attempts: 3, response_count: 2 });
      expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'retry', 'retry', 'answered']);
      expect(requests(id).map(({ path }) => path)).to.deep.equal([channel, channel, channel, nextChannel]);
      expect((await desk.responses(id)).map(({ subject }) => subject)).to.deep.equal([
        'data/channel-001',
        'data/channel-002',
      ]);
    });
  }

  it('a read that meets 503 each time: fails after three tries, with the last answer of the vehicle', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'status', status: 503 });
    const id = await desk.read(car());
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'failed', attempts: 3, response_count: 1 });
    expect(command.error.code).to.equal('vehicle-error');
    expect(requests(id)).to.have.length(3);
    const [response] = await desk.responses(id);
    expect(response.is_final).to.equal(true);
    expect(response.response_payload).to.include({ status: 503, encoding: 'json' });
    expect(response.response_payload.body).to.have.property('error_code', 'sovd-server-failure');
  });

  it('Retry-After: the vehicle is left alone for as long as it asked', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'retry-after', seconds: 1, count: 1 });
    const id = await desk.read(car());
    expect((await desk.ended(id)).status).to.equal('completed');
    const [first, second] = requests(id);
    expect(second?.at.getTime()).to.be.at.least((first?.at.getTime() ?? 0) + 1000);
  });

  it('Retry-After that is longer than the command may take: fails at once', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'retry-after', seconds: 600 });
    const id = await desk.read(car());
    expect((await desk.ended(id)).status).to.equal('failed');
    expect(requests(id)).to.have.length(1);
    expect((await desk.responses(id))[0].response_payload.status).to.equal(503);
  });

  it('a read that has a response: is not tried again', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'drop', pathPrefix: nextChannel });
    const id = await desk.read(car(), 3);
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'failed', attempts: 1, response_count: 1 });
    expect(command.error.code).to.equal('vehicle-connection-lost');
    expect(requests(id).map(({ path }) => path)).to.deep.equal([channel, nextChannel]);
  });

  it('a later item that is refused for now: is recorded, and the others are read', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'status', status: 503, pathPrefix: nextChannel });
    const id = await desk.read(car(), 3);
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'failed', attempts: 1, response_count: 3 });
    expect((await desk.responses(id)).map(({ response_payload: { status } }) => status)).to.deep.equal([200, 503, 200]);
    expect(requests(id)).to.have.length(3);
  });

  it('a refusal that will stay: is not tried again', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'status', status: 500 });
    const id = await desk.read(car());
    expect(await desk.ended(id)).to.include({ status: 'failed', attempts: 1 });
    expect(requests(id)).to.have.length(1);
  });

  for (const [what, trouble] of passing) {
    it(`a write that meets ${what}: is sent exactly once`, async () => {
      const { desk, simulator, car } = workshop;
      simulator.trouble.add(trouble);
      const id = await desk.write(car(), 11);
      const command = await desk.ended(id);
      expect(command.attempts).to.equal(1);
      expect(command.status).to.not.equal('completed');
      expect(requests(id)).to.have.length(1);
    });
  }
});
