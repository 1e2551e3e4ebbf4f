import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { FleetClient } from '#support/fleet-client.js';
import { startProgram, type RunningProgram } from '#support/program.js';
import { startOwnRedis, needRedis } from '#support/redis.js';
import { readStream, type ReceivedStream } from '#support/sse-client.js';

const recorder = 'apps/diagnostic-recorder';
const stream = (events: number, intervalMillis: number) => ({
  method: 'GET',
  path: `${recorder}/data/stream/events`,
  query: { 'x-events': String(events), 'x-interval-millis': String(intervalMillis) },
});
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const ids = ({ events }: Pick<ReceivedStream, 'events'>): number[] => events.map(({ id }) => id);

describe('live responses', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let simulator: Simulator;
  let service: RunningProgram;
  let client: FleetClient;
  let vehicle: string;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1 });
    service = await startProgram(database.url, { DB_POOL_MAX: '2', EVENTS_HEARTBEAT_SECONDS: '1' });
    client = await FleetClient.admin(service.url, database.url);
    vehicle = await client.register(simulator.vehicles[0]?.baseUrl ?? '');
  });

  after(async () => {
    await service.stop();
    await simulator.close();
  });

  afterEach(() => simulator.trouble.clear());

  const order = async (events: number, intervalMillis = 1): Promise<string> =>
    (await client.order(vehicle, 'sovd-request', stream(events, intervalMillis), { timeout_seconds: 120 })).command_id;
  const follow = (id: string, options: Partial<Parameters<typeof readStream>[1]> = {}, from = client) =>
    readStream(`${from.url}/api/v1/commands/${id}/events`, { token: from.token, ...options });

  it('a command with 1,000 responses: who comes before, during, after, or breaks off 20 times, gets each event once, in order', async () => {
    const all = upTo(1004);
    const id = await order(1000);
    const before = follow(id);
    const during = client.until(id, ({ response_count: count }) => count >= 300).then(() => follow(id));
    const broken = (async () => {
      const received: number[] = [];
      for (let breaks = 0; received.at(-1) !== 1004; breaks += 1) {
        const part = await follow(id, { after: received.at(-1) ?? 0, ...(breaks < 20 ? { stopAfter: 10 } : {}) });
        received.push(...ids(part));
      }
      return received;
    })();
    expect(ids(await before)).to.deep.equal(all);
    expect(ids(await during)).to.deep.equal(all);
    expect(await broken).to.deep.equal(all);
    const after = await follow(id);
    expect(ids(after)).to.deep.equal(all);
    expect(after.events.at(-1))
      .to.deep.include({ event: 'status' })
      .and.to.have.nested.property('data.to_status', 'completed');
    expect(
      after.events.filter(({ event }) => event === 'response').map(({ data }) => data.sequence_number),
    ).to.deep.equal(upTo(1001).map((n) => n - 1));
  });

  it('a short command: resumes behind every number; behind the last one the stream ends at once', async () => {
    const { command_id: id } = await client.order(vehicle, 'read-faults', {
      entity: 'components/engine-control',
      details: true,
    });
    const last = ids(await follow(id)).at(-1) ?? 0;
    for (let after = 0; after <= last; after += 1) {
      expect(ids(await follow(id, { after }))).to.deep.equal(upTo(last).slice(after));
    }
    expect(ids(await follow(id, { after: last + 1000 }))).to.deep.equal([]);
  });

  it('a Last-Event-ID that is none: 400; a command that is none: 404', async () => {
    const { command_id: id } = await client.order(vehicle, 'read-data', {
      entity: recorder,
      data_ids: ['channel-001'],
    });
    expect(await follow(id, { after: 'x' })).to.include({ status: 400 });
    expect(await follow('01890a5d-ac96-774b-bcce-b302099a8057')).to.include({ status: 404 });
  });

  it('300 open streams on a pool of 2: ordinary requests are answered, and every stream is complete', async () => {
    const { command_id: id } = await client.order(vehicle, 'execute-operation', {
      entity: recorder,
      operation_id: 'record',
      parameters: { samples: 200, interval_millis: 20 },
    });
    let open = 0;
    const streams = Array.from({ length: 300 }, () => follow(id, { onOpen: () => (open += 1) }));
    while (open < 300) await new Promise((resolve) => setTimeout(resolve, 20));
    for (let count = 0; count < 10; count += 1)
      expect(await client.call('GET', '/vehicles')).to.include({ status: 200 });
    expect(service.program.pool().size).to.be.at.most(2);
    const { last_event_number: last } = await client.ended(id);
    for (const received of await Promise.all(streams)) expect(ids(received)).to.deep.equal(upTo(last));
  });

  it('a quiet stream: has heartbeats, and ends when its session ends', async () => {
    simulator.trouble.add({ kind: 'hang' });
    const { command_id: id } = await client.order(vehicle, 'read-data', {
      entity: recorder,
      data_ids: ['channel-001'],
    });
    const { username, password, token } = await service.logInAs('viewer');
    const quiet = readStream(`${client.url}/api/v1/commands/${id}/events`, { token });
    await client.until(id, () => simulator.ledger.entries({ commandId: id }).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await service.call(token, 'POST', '/auth/logout');
    const received = await quiet;
    expect(received.comments.length).to.be.greaterThan(0);
    expect(ids(received)).to.deep.equal([1, 2]);
    expect([username, password]).to.have.length(2);
    await client.call('POST', `/commands/${id}/cancel`);
    await client.ended(id);
  });

  it('more streams than a user may have: 429, and a closed one makes room', async () => {
    const small = await startProgram(database.url, { EVENTS_MAX_STREAMS_PER_USER: '2', DISPATCH_CONCURRENCY: '1' });
    try {
      simulator.trouble.add({ kind: 'hang' });
      const other = await FleetClient.admin(small.url, database.url);
      const { command_id: id } = await client.order(vehicle, 'read-data', {
        entity: recorder,
        data_ids: ['channel-001'],
      });
      const stop = new AbortController();
      const opened = [0, 1].map(
        () => new Promise<void>((resolve) => void follow(id, { signal: stop.signal, onOpen: resolve }, other)),
      );
      await Promise.all(opened);
      expect(await follow(id, {}, other)).to.include({ status: 429 });
      stop.abort();
      let status = 429;
      while (status === 429) status = (await follow(id, { stopAfter: 1 }, other)).status;
      expect(status).to.equal(200);
      await client.call('POST', `/commands/${id}/cancel`);
      await client.ended(id);
    } finally {
      await small.stop();
    }
  });

  it('a stop of the service: tells the streams when to come again, and ends them', async () => {
    const other = await startProgram(database.url);
    simulator.trouble.add({ kind: 'hang' });
    const { command_id: id } = await client.order(vehicle, 'read-data', {
      entity: recorder,
      data_ids: ['channel-001'],
    });
    const from = await FleetClient.admin(other.url, database.url);
    let opened: () => void = () => undefined;
    const open = new Promise<void>((resolve) => (opened = resolve));
    const received = follow(id, { onEvent: opened }, from);
    await open;
    await other.stop();
    expect(await received).to.include({ retryMillis: 1000 });
    simulator.trouble.clear();
    await client.call('POST', `/commands/${id}/cancel`);
    await client.ended(id);
  });

  describe('two instances', () => {
    needRedis();

    it('with Redis: a stream of one follows a command that the other executes; with Redis gone it only comes later', async () => {
      const redis = await startOwnRedis();
      const variables = { REDIS_URL: redis.url, EVENTS_RECHECK_SECONDS: '1' };
      const one = await startProgram(database.url, variables);
      const two = await startProgram(database.url, variables);
      try {
        const [a, b] = [await FleetClient.admin(one.url, database.url), await FleetClient.admin(two.url, database.url)];
        const first = await order(200, 5);
        const [fromA, fromB] = await Promise.all([follow(first, {}, a), follow(first, {}, b)]);
        expect([ids(fromA), ids(fromB)]).to.deep.equal([upTo(204), upTo(204)]);
        await redis.stop();
        const second = await order(100, 5);
        const [laterA, laterB] = await Promise.all([follow(second, {}, a), follow(second, {}, b)]);
        expect([ids(laterA), ids(laterB)]).to.deep.equal([upTo(104), upTo(104)]);
      } finally {
        await one.stop();
        await two.stop();
        await redis.stop();
      }
    });
  });

  it('Prefer: wait: answers with the end of the command and its responses', async () => {
    const body = {
      vehicle_id: vehicle,
      command_name: 'read-data',
      command_params: { entity: recorder, data_ids: ['channel-001'] },
    };
    const { status, body: command } = await client.call('POST', '/commands', body, { prefer: 'wait=20' });
    expect(status).to.equal(200);
    expect(command)
      .to.include({ status: 'completed' })
      .and.to.have.nested.property('responses[0].subject', 'data/channel-001');
  });
});
