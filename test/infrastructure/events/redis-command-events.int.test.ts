import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import { Redis } from 'ioredis';

import type { CommandEvents } from '#application/ports/command-events.js';
import { Secret } from '#config/secret.js';
import { RedisCommandEvents } from '#infrastructure/events/redis-command-events.js';
import { uuidV7Identifiers } from '#infrastructure/system.js';
import { needRedis, startOwnRedis, useRedis, type OwnRedis } from '#support/redis.js';

import { commandEventsContract, listen } from '../../contracts/command-events-contract.js';
import { captureLog, levelNumbers, type CapturedLog } from '../observability/captured-log.js';
import { openSlowWay } from './slow-way.js';

/** Twice what the adapter allows itself, for a busy machine, and less than after what a silent connection is given up. */
const promptMillis = 2500;

describe('RedisCommandEvents', () => {
  const redis = useRedis();

  commandEventsContract('RedisCommandEvents', async () => {
    const captured = captureLog();
    const here = new RedisCommandEvents({ url: new Secret(redis.url), log: captured.log });
    const there = new RedisCommandEvents({ url: new Secret(redis.url), log: captureLog().log });
    await Promise.all([untilConnected(here), untilConnected(there)]);
    return { here, there, captured };
  });
});

describe('RedisCommandEvents and its channels', () => {
  const redis = useRedis();
  let events: RedisCommandEvents;
  let captured: CapturedLog;
  let client: Redis;
  let commandId: string;

  beforeEach(async () => {
    captured = captureLog();
    events = new RedisCommandEvents({ url: new Secret(redis.url), log: captured.log });
    client = new Redis(redis.url);
    commandId = uuidV7Identifiers.next();
    await untilConnected(events);
  });
  afterEach(async () => {
    await events.close();
    client.disconnect();
  });

  const subscribers = async (id: string) => (await client.pubsub('NUMSUB', `sovd-fleet:command:${id}`))[1];

  it('Redis far away: subscribe waits for it, for the first listener and for those that come meanwhile', async () => {
    const way = await openSlowWay(Number(new URL(redis.url).port), 30);
    const far = new RedisCommandEvents({ url: new Secret(`redis://127.0.0.1:${way.port}`), log: captured.log });
    await untilConnected(far);
    const subscriptions = [1, 2].map(async (eventNumber) => {
      const heard = await listen(far, commandId);
      events.publish({ commandId, eventNumber });
      return heard;
    });
    for (const heard of await Promise.all(subscriptions)) await heard.until(2);
    await far.close();
    await way.close();
  });

  it('many listeners of one command: share one subscription, which ends with the last of them', async () => {
    const heard = await Promise.all(Array.from({ length: 20 }, () => listen(events, commandId)));
    expect(await subscribers(commandId)).to.equal(1);
    for (const { unsubscribe } of heard.slice(1)) unsubscribe();
    expect(await subscribers(commandId)).to.equal(1);
    heard[0]?.unsubscribe();
    await until(async () => (await subscribers(commandId)) === 0);
  });

  it('listeners of many commands: share two connections', async () => {
    await Promise.all(Array.from({ length: 100 }, () => listen(events, uuidV7Identifiers.next())));
    const mine = (await ownConnections(client)).filter((line) => line.includes('sub=100'));
    expect(mine).to.have.length(1);
  });

  it('foreign messages on a channel: are ignored with one warning, and the next news arrive', async () => {
    const heard = await listen(events, commandId);
    const channel = `sovd-fleet:command:${commandId}`;
    const garbage = [
      '',
      'garbage',
      'null',
      '[]',
      '{"from":"x"}',
      '{"from":1,"event_number":1}',
      '{"event_number":"1"}',
    ];
    const more = [
      '{"from":"x","event_number":-1}',
      '{"from":"x","event_number":1.5}',
      '{"from":"x","event_number":null}',
    ];
    for (const message of [...garbage, ...more]) await client.publish(channel, message);
    await client.publish(channel, '{"from":"another","event_number":7,"unknown":true}');
    await heard.until(1);
    expect(heard.news).to.deep.equal([{ commandId, eventNumber: 7 }]);
    expect(captured.lines().filter(({ level }) => level === levelNumbers.warn)).to.have.length(1);
  });

  it('close: leaves no connection behind', async () => {
    const own = new RedisCommandEvents({ url: new Secret(redis.url), log: captured.log });
    await untilConnected(own);
    const before = (await ownConnections(client)).length;
    await own.close();
    await until(async () => (await ownConnections(client)).length === before - 2);
  });

  it('the password of Redis: is never in the log', async () => {
    const own = new RedisCommandEvents({ url: new Secret('redis://:canary@127.0.0.1:1'), log: captured.log });
    own.publish({ commandId, eventNumber: 1 });
    await until(() => Promise.resolve(captured.text().includes('cannot be reached')));
    await own.close();
    expect(captured.text()).not.to.contain('canary');
  });
});

describe('RedisCommandEvents while Redis is away', () => {
  needRedis();
  let redis: OwnRedis;
  let here: RedisCommandEvents;
  let there: RedisCommandEvents;
  let captured: CapturedLog;
  let commandId: string;

  beforeEach(async () => {
    redis = await startOwnRedis();
    captured = captureLog();
    here = new RedisCommandEvents({ url: new Secret(redis.url), log: captured.log });
    there = new RedisCommandEvents({ url: new Secret(redis.url), log: captureLog().log });
    commandId = uuidV7Identifiers.next();
    await Promise.all([untilConnected(here), untilConnected(there)]);
  });
  afterEach(async () => {
    await Promise.all([here.close(), there.close()]);
    await redis.stop();
  });

  it('killed and started again: earlier and later subscriptions hear the other instance again', async function () {
    this.timeout(20_000);
    const early = await listen(here, commandId);
    const left = await listen(here, uuidV7Identifiers.next());
    await redis.stop();
    await until(async () => !(await here.isConnected()));

    const meanwhileId = uuidV7Identifiers.next();
    const meanwhile = await listen(here, meanwhileId);
    left.unsubscribe();
    for (let eventNumber = 0; eventNumber < 5000; eventNumber += 1) here.publish({ commandId, eventNumber });
    expect(early.news).to.have.length(5000);

    await redis.start();
    await Promise.all([untilConnected(here), untilConnected(there)]);
    await untilHeard(early.news.length, () => {
      there.publish({ commandId, eventNumber: 9000 });
      return early.news.length;
    });
    await untilHeard(meanwhile.news.length, () => {
      there.publish({ commandId: meanwhileId, eventNumber: 9001 });
      return meanwhile.news.length;
    });
    const late = await listen(here, uuidV7Identifiers.next());
    expect(late.news).to.deep.equal([]);
    expect(left.news).to.deep.equal([]);

    const client = new Redis(redis.url);
    const channels = await client.pubsub('CHANNELS', 'sovd-fleet:command:*');
    client.disconnect();
    expect(channels).to.have.length(3);
  });

  it('killed: the log says so once for each connection, however many attempts and drops there are', async function () {
    this.timeout(20_000);
    await redis.stop();
    await until(async () => !(await here.isConnected()));
    for (let eventNumber = 0; eventNumber < 100; eventNumber += 1) here.publish({ commandId, eventNumber });
    // Long enough for several attempts to connect.
    await sleep(1500);
    const warnings = captured.lines().filter(({ level }) => level >= levelNumbers.warn);
    expect(warnings.map(({ msg }) => msg).sort()).to.deep.equal([
      'Events for other instances were dropped because Redis cannot take them.',
      'Redis cannot be reached. Events of other instances come late until it is back.',
      'Redis cannot be reached. Events of other instances come late until it is back.',
    ]);
    await redis.start();
    await untilConnected(here);
    const counted = captured.lines().filter(({ count }) => count !== undefined);
    expect(counted.reduce((sum, { count }) => sum + Number(count), 0)).to.equal(100);
  });

  it('killed in the middle of subscribing: all promises resolve, and all subscriptions work afterwards', async function () {
    this.timeout(20_000);
    const ids = Array.from({ length: 50 }, () => uuidV7Identifiers.next());
    const [heard] = await Promise.all([Promise.all(ids.map((id) => listen(here, id))), redis.stop()]);
    await redis.start();
    await Promise.all([untilConnected(here), untilConnected(there)]);
    for (const [index, { news }] of heard.entries()) {
      await untilHeard(news.length, () => {
        there.publish({ commandId: ids[index] ?? '', eventNumber: 1 });
        return news.length;
      });
    }
  });

  it('frozen: subscribe and isConnected answer all the same, local news arrive, and what waits for Redis is bounded', async function () {
    this.timeout(20_000);
    const client = new Redis(redis.url);
    await client.client('PAUSE', 60_000, 'ALL');
    client.disconnect();
    const answers = await within(promptMillis, Promise.all([here.isConnected(), listen(here, commandId)]));
    expect(answers[0]).to.equal(false);
    here.publish({ commandId, eventNumber: 1 });
    expect(answers[1].news).to.have.length(1);
    for (let eventNumber = 2; eventNumber <= 10_001; eventNumber += 1) here.publish({ commandId, eventNumber });
    expect(captured.text()).to.contain('were dropped because Redis cannot take them');
    await within(promptMillis, here.close());
  });

  it('away from the beginning: serves this instance, and connects when Redis comes', async function () {
    this.timeout(20_000);
    await redis.stop();
    const late = new RedisCommandEvents({ url: new Secret(redis.url), log: captured.log });
    const heard = await within(promptMillis, listen(late, commandId));
    expect(await within(promptMillis, late.isConnected())).to.equal(false);
    late.publish({ commandId, eventNumber: 1 });
    expect(heard.news).to.have.length(1);
    await redis.start();
    await Promise.all([untilConnected(late), untilConnected(there)]);
    await untilHeard(1, () => {
      there.publish({ commandId, eventNumber: 2 });
      return heard.news.length;
    });
    await late.close();
  });

  it('closed while away: ends its attempts', async function () {
    this.timeout(20_000);
    await redis.stop();
    await until(async () => !(await here.isConnected()));
    await within(promptMillis, here.close());
    await redis.start();
    const client = new Redis(redis.url);
    await untilConnected(there);
    await sleep(1200);
    const connections = await ownConnections(client);
    client.disconnect();
    expect(connections).to.have.length(2);
  });
});

describe('RedisCommandEvents and a peer that never answers', () => {
  let server: Server;
  let events: RedisCommandEvents;

  beforeEach(async () => {
    server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    events = new RedisCommandEvents({ url: new Secret(`redis://127.0.0.1:${port}`), log: captureLog().log });
  });
  afterEach(async () => {
    await events.close();
    server.close();
  });

  it('subscribe, publish and isConnected: answer promptly', async () => {
    const commandId = uuidV7Identifiers.next();
    const heard = await within(promptMillis, listen(events, commandId));
    events.publish({ commandId, eventNumber: 1 });
    expect(heard.news).to.have.length(1);
    expect(await within(promptMillis, events.isConnected())).to.equal(false);
  });
});

async function untilConnected(events: CommandEvents): Promise<void> {
  await until(() => events.isConnected());
}

/** Repeats what may be lost until one more was heard. */
async function untilHeard(countBefore: number, publish: () => number): Promise<void> {
  await until(async () => {
    publish();
    await sleep(5);
    return publish() > countBefore;
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}

/** What takes longer is an error: these answers must not hang on Redis. */
async function within<Value>(millis: number, promise: Promise<Value>): Promise<Value> {
  const limit = new AbortController();
  const late = sleep(millis, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`It took more than ${millis} ms.`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    limit.abort();
    late.catch(() => {});
  }
}

async function ownConnections(client: Redis): Promise<readonly string[]> {
  const list = String(await client.client('LIST'));
  return list.split('\n').filter((line) => line.includes('name=sovd-fleet-'));
}
