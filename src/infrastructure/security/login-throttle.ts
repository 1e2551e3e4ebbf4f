import { createHash } from 'node:crypto';

import type { Log } from '#application/ports/log.js';
import type {
  AdmittedLogin,
  LoginAttempt,
  LoginLimit,
  LoginThrottle,
  RefusedLogin,
} from '#application/ports/login-throttle.js';
import type { Measurements } from '#application/ports/measurements.js';

import { addressGroup } from './address-group.js';
import type { LoginLedger } from './login-ledger.js';

/** How many failures cost nothing, and how long the delays can get that grow from there. */
export interface LoginLimits {
  /** For an account from one address. */
  readonly freeTries: number;
  readonly freeTriesPerAddress: number;
  /** For an account from all addresses from which its owner hasn't come lately. */
  readonly freeTriesPerAccount: number;
  readonly maxDelaySeconds: number;
}

interface Options {
  readonly limits: LoginLimits;
  /** The count of all instances; undefined when there is only this one. */
  readonly shared: { readonly ledger: LoginLedger; readonly close: () => Promise<void> } | undefined;
  /** The count of this process. */
  readonly own: LoginLedger;
  readonly measurements: Pick<Measurements, 'throttleFellBack'>;
  readonly log: Log;
}

interface Rule {
  readonly limit: LoginLimit;
  readonly key: string;
  readonly freeTries: number;
  readonly maxDelaySeconds: number;
}

/**
 * The longest delay that strangers together can cause for an account: its owner must get in from a new address while
 * somebody is guessing.
 */
const maxAccountDelaySeconds = 60;

/** A login waits no longer for the shared count. */
const sharedMillis = 1000;

/**
 * Counts failures for an account from one address, for an address, and for an account from all addresses. Above a limit
 * one try is let through at a time, and the delay until the next one doubles with each. docs/limits.md says why so.
 */
export function createLoginThrottle({ limits, shared, own, measurements, log }: Options): LoginThrottle {
  let isShared = true;

  const noteFailure = (error: unknown): void => {
    measurements.throttleFellBack();
    if (isShared) log.warn({ err: error }, 'Logins are counted by this instance alone until Redis is back.');
    isShared = false;
  };

  return {
    admit: async (attempt) => {
      if (shared === undefined) return admitBy(own, limits, attempt, noteFailure);
      try {
        const verdict = await inTime(admitBy(shared.ledger, limits, attempt, noteFailure));
        if (!isShared) log.info({}, 'Logins are counted with the other instances again.');
        isShared = true;
        return verdict;
      } catch (error) {
        noteFailure(error);
        return admitBy(own, limits, attempt, noteFailure);
      }
    },
    close: () => shared?.close() ?? Promise.resolve(),
  };
}

async function admitBy(
  ledger: LoginLedger,
  limits: LoginLimits,
  attempt: LoginAttempt,
  noteFailure: (error: unknown) => void,
): Promise<AdmittedLogin | RefusedLogin> {
  const { pair, address, account } = rulesFor(limits, attempt);
  // From where the owner has come lately, nobody else can slow them down.
  const rules = (await ledger.isTrusted(pair.key)) ? [pair, address] : [pair, address, account];
  const early = await longestWait(ledger, rules);
  if (early !== undefined) return early;

  const counts = await Promise.all(rules.map((rule) => ledger.count(rule.key)));
  const takeBack = async (): Promise<void> => {
    await Promise.all(rules.map((rule) => ledger.uncount(rule.key)));
  };
  const passed: Rule[] = [];
  for (const [index, rule] of rules.entries()) {
    const excess = (counts[index] ?? 0) - rule.freeTries;
    if (excess <= 0) continue;
    if (await ledger.pass(rule.key, delaySeconds(excess, rule.maxDelaySeconds))) {
      passed.push(rule);
      continue;
    }
    await takeBack();
    await Promise.all(passed.map(({ key }) => ledger.openGate(key)));
    return (await longestWait(ledger, rules)) ?? { kind: 'refused', limit: rule.limit, retryAfterSeconds: 1 };
  }

  const settle = (task: () => Promise<unknown>) => async (): Promise<void> => {
    try {
      await inTime(task());
    } catch (error) {
      noteFailure(error);
    }
  };
  return {
    kind: 'admitted',
    succeed: settle(() =>
      Promise.all([
        ledger.forget(pair.key),
        ledger.forget(account.key),
        // Who has an account must not be able to guess at others for ever by logging in between.
        ledger.uncount(address.key),
        ...passed.map(({ key }) => ledger.openGate(key)),
        ledger.trust(pair.key),
      ]),
    ),
    withdraw: settle(async () => {
      await takeBack();
      await Promise.all(passed.map(({ key }) => ledger.openGate(key)));
    }),
  };
}

async function longestWait(ledger: LoginLedger, rules: readonly Rule[]): Promise<RefusedLogin | undefined> {
  const waits = await Promise.all(
    rules.map(async ({ limit, key }) => ({ limit, millis: await ledger.shutMillis(key) })),
  );
  const longest = waits.reduce((one, other) => (other.millis > one.millis ? other : one));
  if (longest.millis <= 0) return undefined;
  return { kind: 'refused', limit: longest.limit, retryAfterSeconds: Math.ceil(longest.millis / 1000) };
}

function rulesFor(limits: LoginLimits, { username, ipAddress }: LoginAttempt) {
  const { freeTries, freeTriesPerAddress, freeTriesPerAccount, maxDelaySeconds } = limits;
  const address = addressGroup(ipAddress);
  // A digest: names have bounded length then, and those that were typed by mistake, such as passwords, aren't stored.
  const account = createHash('sha256').update(username.toLowerCase()).digest('base64url').slice(0, 22);
  return {
    pair: { limit: 'account-and-address', key: `${account}@${address}`, freeTries, maxDelaySeconds },
    address: { limit: 'address', key: address, freeTries: freeTriesPerAddress, maxDelaySeconds },
    account: {
      limit: 'account',
      key: account,
      freeTries: freeTriesPerAccount,
      maxDelaySeconds: Math.min(maxDelaySeconds, maxAccountDelaySeconds),
    },
  } satisfies Record<string, Rule>;
}

/** 1 s after the first try too many, and twice as long after each further one. */
function delaySeconds(excess: number, maxDelaySeconds: number): number {
  return Math.min(2 ** Math.min(excess - 1, 30), maxDelaySeconds);
}

async function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${sharedMillis} ms`)), sharedMillis);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
