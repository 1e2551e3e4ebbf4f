import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { readEvents, SovdClient } from './sovd-client.js';

interface Event {
  readonly timestamp: string;
  readonly payload: { readonly id: string; readonly data: unknown; readonly number?: number };
}
interface Subscription {
  readonly id: string;
  readonly event_source: string;
  readonly observed_resource: string;
}

const engine = '/components/engine-control';
const subscriptions = `${engine}/cyclic-subscriptions`;

describe('simulator: streams', () => {
  let simulator: Simulator;
  let client: SovdClient;

  before(async () => {
    simulator = await startSimulator();
    client = new SovdClient(simulator.vehicles[0]?.baseUrl ?? '');
  });
  beforeEach(() => simulator.reset());
  after(() => simulator.close());

  const subscribe = (more: object = {}) =>
    client.post<Subscription>(subscriptions, { resource: 'data/engine-speed', interval: 'fast', duration: 1, ...more });

  it('a subscription: 201 with Location and the place of the events; listed, changed, deleted', async () => {
    const made = await subscribe({ duration: 60 });
    expect(made.status).to.equal(201);
    const href = `/car-1/sovd/v1${subscriptions}/${made.body.id}`;
    expect(made.headers.get('location')).to.equal(href);
    expect(made.body).to.include({
      observed_resource: `/car-1/sovd/v1${engine}/data/engine-speed`,
      event_source: `${href}/events`,
      protocol: 'sse',
      interval: 'fast',
    });
    const list = await client.get<{ items: readonly object[] }>(subscriptions);
    expect(list.body.items).to.have.length(1);
    const changed = await client.put(`${subscriptions}/${made.body.id}`, { interval: 'slow', duration: 5 });
    expect(changed.body).to.include({ interval: 'slow' });
    expect((await client.delete(`${subscriptions}/${made.body.id}`)).status).to.equal(204);
    expect((await client.get(`${subscriptions}/${made.body.id}`)).status).to.equal(404);
  });

  it('its events: data lines with timestamp and payload, until the duration is over', async () => {
    const { body } = await subscribe();
    const events = await readEvents<Event>(simulator.url + body.event_source);
    expect(events).not.to.be.empty;
    for (const event of events) {
      expect(Date.parse(event.timestamp)).to.be.a('number');
      expect(event.payload.id).to.equal('engine-speed');
      expect(event.payload.data).to.be.a('number');
    }
    expect((await client.get(`${subscriptions}/${body.id}`)).status).to.equal(404);
  });

  it('the same URL: JSON, or the events when the client accepts an event stream', async () => {
    const { body } = await subscribe({ duration: 60 });
    const url = `${client.baseUrl}${subscriptions}/${body.id}`;
    expect((await client.get<Subscription>(`${subscriptions}/${body.id}`)).body.id).to.equal(body.id);
    const response = await fetch(`${url}?x-events=2&x-interval-millis=1`, { headers: { accept: 'text/event-stream' } });
    expect(response.headers.get('content-type')).to.equal('text/event-stream');
    expect((await response.text()).match(/^data: /gmu)).to.have.length(2);
  });

  it('deleted while it streams: the stream ends', async () => {
    const { body } = await subscribe({ duration: 3600 });
    const response = await fetch(simulator.url + body.event_source);
    await client.delete(`${subscriptions}/${body.id}`);
    expect(await response.text()).to.include('data: ');
  });

  it('the resource: its whole path or a URL will do; unknown ones and those of another entity are refused', async () => {
    const encoded = `${engine}/data/${encodeURIComponent('intake pressure/bank 1')}`;
    expect((await subscribe({ resource: `/car-1/sovd/v1${encoded}` })).status).to.equal(201);
    expect((await subscribe({ resource: client.baseUrl + encoded })).status).to.equal(201);
    for (const resource of ['data/nonsense', '/car-1/sovd/v1/components/body-control/data/uptime', 'faults']) {
      expect((await subscribe({ resource })).status, resource).to.equal(400);
    }
    expect((await subscribe({ duration: 0 })).status).to.equal(400);
    expect((await subscribe({ interval: 'often' })).status).to.equal(400);
    expect((await subscribe({ protocol: 'mqtt' })).status).to.equal(501);
  });

  it('too many subscriptions: 503', async () => {
    for (let made = 0; made < 100; made += 1) expect((await subscribe({ duration: 60 })).status).to.equal(201);
    expect((await subscribe()).status).to.equal(503);
  });

  it('the stream of the recorder: as many numbered events as asked for, in order, then the end', async () => {
    const path = '/apps/diagnostic-recorder/data/stream/events';
    const fast = await readEvents<Event>(`${client.baseUrl}${path}?x-events=1000&x-interval-millis=1`);
    expect(fast.map((event) => event.payload.number)).to.deep.equal(
      Array.from({ length: 1000 }, (_unused, at) => at + 1),
    );
    const atOnce = await readEvents<Event>(`${client.baseUrl}${path}?x-events=5000&x-interval-millis=0`);
    expect(atOnce).to.have.length(5000);
    expect((await client.get(`${path}?x-events=many`)).status).to.equal(400);
  });
});
