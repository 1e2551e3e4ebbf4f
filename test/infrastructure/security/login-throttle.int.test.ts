import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import { Redis } from 'ioredis';

import type { LoginThrottle } from '#application/ports/login-throttle.js';
import { noMeasurements } from '#support/no-measurements.js';
import type { LoginLedger } from '#infrastructure/security/login-ledger.js';
import { createLoginThrottle, type LoginLimits } from '#infrastructure/security/login-throttle.js';
import { ownLoginLedger } from '#infrastructure/security/own-login-ledger.js';
import { redisLoginLedger } from '#infrastructure/security/redis-login-ledger.js';
import { needRedis, startOwnRedis, useRedis, type OwnRedis } from '#support/redis.js';

import { captureLog, levelNumbers } from '../observability/captured-log.js';

const home = '192.0.2.1';
const strangers = ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4'];
const plenty = 1000;
const defaults: LoginLimits = {
  freeTries: 3,
  freeTriesPerAddress: plenty,
  freeTriesPerAccount: plenty,
  maxDelaySeconds: 900,
};

function throttleBy(own: LoginLedger, limits: Partial<LoginLimits> = {}): LoginThrottle {
  const { log } = captureLog();
  return createLoginThrottle({
    limits: { ...defaults, ...limits },
    own,
    shared: undefined,
    measurements: noMeasurements,
    log,
  });
}

/** How a try ended, whose password was wrong. */
async function fail(throttle: LoginThrottle, username: string, ipAddress: string) {
  const verdict = await throttle.admit({ username, ipAddress });
  return verdict.kind === 'admitted' ? 'failed' : verdict;
}

async function failures(throttle: LoginThrottle, count: number, username: string, ipAddress: string): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    expect(await fail(throttle, username, ipAddress)).to.equal('failed');
  }
}

async function logIn(throttle: LoginThrottle, username: string, ipAddress: string): Promise<void> {
  const verdict = await throttle.admit({ username, ipAddress });
  if (verdict.kind === 'refused') throw new Error(`refused by ${verdict.limit}`);
  await verdict.succeed();
}

function behavesAsThrottle(openLedger: () => LoginLedger): void {
  let name: string;
  beforeEach(() => (name = randomUUID()));

  it('delays one account from one address after the free tries, twice as long each time', async () => {
    const throttle = throttleBy(openLedger());
    await failures(throttle, 4, name, home);
    const first = await fail(throttle, name, home);
    expect(first).to.deep.equal({ kind: 'refused', limit: 'account-and-address', retryAfterSeconds: 1 });
    await sleep(1020);
    await failures(throttle, 1, name, home);
    expect(await fail(throttle, name, home)).to.deep.include({ retryAfterSeconds: 2 });
  });

  it('says a time after which the next try is really let through, and refused tries change nothing of it', async () => {
    const throttle = throttleBy(openLedger());
    await failures(throttle, 4, name, home);
    const refused = await Promise.all(Array.from({ length: 20 }, () => fail(throttle, name, home)));
    for (const verdict of refused) expect(verdict).to.deep.include({ retryAfterSeconds: 1 });
    await sleep(1020);
    await failures(throttle, 1, name, home);
  });

  it('lets no more through when all come at once', async () => {
    const throttle = throttleBy(openLedger());
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => fail(throttle, name, home)));
    // The free ones, and the one that shuts the gate.
    expect(verdicts.filter((verdict) => verdict === 'failed')).to.have.length(4);
  });

  it('takes the name in upper and in lower case for the same', async () => {
    const throttle = throttleBy(openLedger());
    await failures(throttle, 4, `ada-${name}`, home);
    expect(await fail(throttle, `ADA-${name.toUpperCase()}`, home)).to.include({ kind: 'refused' });
  });

  it('begins anew after a login', async () => {
    const throttle = throttleBy(openLedger());
    for (let round = 0; round < 3; round += 1) {
      await failures(throttle, 3, name, home);
      await logIn(throttle, name, home);
    }
  });

  it('counts nothing that failed on our side', async () => {
    const throttle = throttleBy(openLedger());
    for (let index = 0; index < 10; index += 1) {
      const verdict = await throttle.admit({ username: name, ipAddress: home });
      if (verdict.kind === 'refused') throw new Error('refused');
      await verdict.withdraw();
    }
  });

  it('delays an address that tries many accounts, also when it logs in to one of its own between', async () => {
    const address = `2001:db8:${name.slice(0, 4)}::1`;
    const throttle = throttleBy(openLedger(), { freeTriesPerAddress: 6 });
    for (let index = 0; index < 7; index += 1) {
      await failures(throttle, 1, `${name}-${index}`, address);
      if (index < 6) await logIn(throttle, `${name}-own`, address);
    }
    expect(await fail(throttle, `${name}-next`, address)).to.deep.include({ kind: 'refused', limit: 'address' });
    expect(await fail(throttle, `${name}-next`, `2001:db8:${name.slice(0, 4)}:0:ffff::2`)).to.include({
      limit: 'address',
    });
    expect(await fail(throttle, `${name}-next`, `2001:db8:${name.slice(0, 4)}:1::1`)).to.equal('failed');
  });

  it('lets nobody keep the owner of an account out from where they came lately', async () => {
    const throttle = throttleBy(openLedger(), { freeTriesPerAccount: 6 });
    await logIn(throttle, name, home);
    for (let index = 0; index < 7; index += 1) await failures(throttle, 1, name, strangers[index % 4] ?? '');
    expect(await fail(throttle, name, '203.0.113.9')).to.deep.include({ kind: 'refused', limit: 'account' });
    await failures(throttle, 2, name, home);
    await logIn(throttle, name, home);
  });

  it('delays an account for strangers for a minute at the most', async () => {
    const ledger = openLedger();
    const throttle = throttleBy(ledger, { freeTries: plenty, freeTriesPerAccount: 1, maxDelaySeconds: 3600 });
    // As if 40 tries had been made, each when it was due.
    const passes: string[] = [];
    const patient: LoginLedger = {
      ...ledger,
      shutMillis: () => Promise.resolve(0),
      pass: (_key, seconds) => Promise.resolve(passes.push(String(seconds)) > 0),
    };
    const impatient = throttleBy(patient, { freeTries: plenty, freeTriesPerAccount: 1, maxDelaySeconds: 3600 });
    await failures(impatient, 40, name, home);
    expect(passes.slice(0, 8)).to.deep.equal(['1', '2', '4', '8', '16', '32', '60', '60']);
    expect(new Set(passes.slice(8))).to.deep.equal(new Set(['60']));
    expect(await fail(throttle, name, home)).to.equal('failed');
    expect(await fail(throttle, name, home)).to.deep.include({ limit: 'account', retryAfterSeconds: 60 });
  });
}

describe('createLoginThrottle', () => {
  describe('that counts in the process', () => {
    behavesAsThrottle(ownLoginLedger);
  });

  describe('that counts in Redis', () => {
    const redis = useRedis();
    // Undefined where there is no Redis and the tests are skipped.
    let client: Redis | undefined;
    before(async () => {
      const opened = new Redis(redis.url, { enableOfflineQueue: false });
      client = opened;
      await new Promise((resolve) => opened.once('ready', resolve));
    });
    after(() => client?.disconnect());
    behavesAsThrottle(() => redisLoginLedger(client as Redis));
  });

  describe('while Redis is away', () => {
    needRedis();
    let redis: OwnRedis;
    beforeEach(async () => (redis = await startOwnRedis()));
    afterEach(() => redis.stop());

    it('goes on by its own count, says so once, and comes back', async () => {
      const { log, lines } = captureLog();
      const client = new Redis(redis.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
      client.on('error', () => undefined);
      await new Promise((resolve) => client.once('ready', resolve));
      let fallbacks = 0;
      const throttle = createLoginThrottle({
        limits: defaults,
        shared: { ledger: redisLoginLedger(client), close: () => Promise.resolve() },
        own: ownLoginLedger(),
        measurements: { throttleFellBack: () => (fallbacks += 1) },
        log,
      });
      const warnings = () => lines().filter(({ level }) => level === levelNumbers.warn);
      await failures(throttle, 1, 'ada', home);
      await redis.stop();
      await failures(throttle, 4, 'ada', home);
      expect(await fail(throttle, 'ada', home)).to.include({ kind: 'refused' });
      expect(fallbacks).to.equal(5);
      expect(warnings()).to.have.length(1);
      await redis.start();
      while (client.status !== 'ready') await sleep(20);
      await failures(throttle, 1, 'ada', home);
      expect(fallbacks).to.equal(5);
      expect(lines().at(-1)?.['msg']).to.contain('other instances again');
      client.disconnect();
    });
  });
});
