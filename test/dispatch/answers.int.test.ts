import { expect } from 'chai';

import type { TroubleSpec } from '#simulator/trouble.js';

import { useWorkshop } from './workshop.js';

describe('answers that are none', () => {
  const workshop = useWorkshop({
    vehicles: 1,
    variables: { VEHICLE_MAX_RESPONSE_BYTES: '200000', VEHICLE_MAX_RESPONSES: '20' },
  });

  const spoiled: readonly (readonly [what: string, trouble: TroubleSpec, read: string, write: string])[] = [
    [
      'invalid JSON',
      { kind: 'garbage' },
      'failed vehicle-invalid-response',
      'outcome_unknown vehicle-invalid-response',
    ],
    [
      'JSON that breaks off',
      { kind: 'garbage', as: 'truncated' },
      'failed vehicle-invalid-response',
      'outcome_unknown vehicle-invalid-response',
    ],
    [
      'too large an answer',
      { kind: 'oversize', bytes: 300_000 },
      'failed response-too-large',
      'outcome_unknown response-too-large',
    ],
    [
      'an answer without an end',
      { kind: 'endless' },
      'failed response-too-large',
      'outcome_unknown response-too-large',
    ],
    ['a redirect', { kind: 'redirect' }, 'failed vehicle-invalid-response', 'outcome_unknown vehicle-invalid-response'],
  ];
  for (const [what, trouble, read, write] of spoiled) {
    for (const kind of ['read', 'write'] as const) {
      const expected = kind === 'read' ? read : write;
      it(`a ${kind} that gets ${what}: ${expected}, and can be read afterwards`, async () => {
        const { desk, simulator, car } = workshop;
        simulator.trouble.add(trouble);
        const id = await desk[kind](car(), 1);
        const command = await desk.ended(id);
        expect(`${command.status} ${command.error.code}`).to.equal(expected);
        expect(simulator.ledger.entries({ commandId: id })).to.have.length(1);
        expect(await desk.responses(id)).to.have.length(0);
      });
    }
  }

  it('a NUL in a text: the answer is kept as it was sent, and can be read', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'nul' });
    const id = await desk.read(car());
    await desk.ended(id);
    const [response] = await desk.responses(id);
    expect(response.response_payload.encoding).to.equal('base64');
    const body = JSON.parse(Buffer.from(response.response_payload.body, 'base64').toString()) as object;
    expect(body).to.have.property('x-note', 'before\u0000after');
  });

  it('text with the type of a page: is kept as text', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'garbage', as: 'wrong-content-type' });
    const id = await desk.read(car());
    await desk.ended(id);
    const [response] = await desk.responses(id);
    expect(response.response_payload.media_type).to.match(/^text\/html/u);
    expect(JSON.stringify(response.response_payload.body)).to.include('channel-001');
  });

  for (const to of ['other-host', 'cloud-metadata'] as const) {
    it(`an execution whose Location leads to another place (${to}): is followed on the vehicle itself`, async () => {
      const { desk, simulator, car } = workshop;
      simulator.trouble.add({ kind: 'wrong-location', to, method: 'POST' });
      const id = await desk.record(car(), 1, 1);
      const command = await desk.ended(id);
      expect(command.status).to.equal('completed');
      const requests = simulator.ledger.entries({ commandId: id });
      expect(requests.map(({ method }) => method)).to.deep.equal(['POST', ...requests.slice(1).map(() => 'GET')]);
      const executions = '/apps/diagnostic-recorder/operations/record/executions/';
      expect(requests.slice(1).every(({ path }) => path.startsWith(executions))).to.equal(true);
    });
  }

  it('more responses than a command may have: failed with too-many-responses, the first ones kept', async () => {
    const { desk, car } = workshop;
    const parameters = {
      method: 'GET',
      path: 'apps/diagnostic-recorder/data/stream/events',
      query: { 'x-events': '500', 'x-interval-millis': '1' },
    };
    const id = await desk.order(car(), 'sovd-request', parameters);
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'failed', response_count: 20 });
    expect(command.error.code).to.equal('too-many-responses');
    expect(await desk.responses(id)).to.have.length(20);
  });

  it('an event stream: a response per event, in order', async () => {
    const { desk, car } = workshop;
    const parameters = {
      method: 'GET',
      path: 'apps/diagnostic-recorder/data/stream/events',
      query: { 'x-events': '15', 'x-interval-millis': '1' },
    };
    const id = await desk.order(car(), 'sovd-request', parameters);
    expect((await desk.ended(id)).status).to.equal('completed');
    const subjects = (await desk.responses(id)).map(({ subject }) => subject);
    expect(subjects.slice(0, 15)).to.deep.equal(Array.from({ length: 15 }, (_unused, index) => `event#${index}`));
  });

  it('an event stream that breaks off: failed, never completed', async () => {
    const { desk, simulator, car } = workshop;
    simulator.trouble.add({ kind: 'drop', at: 'mid-body', afterBytes: 400 });
    const parameters = {
      method: 'GET',
      path: 'apps/diagnostic-recorder/data/stream/events',
      query: { 'x-events': '15', 'x-interval-millis': '1' },
    };
    const command = await desk.ended(await desk.order(car(), 'sovd-request', parameters));
    expect(command.status).to.equal('failed');
    expect(command.error.code).to.equal('vehicle-connection-lost');
  });
});
