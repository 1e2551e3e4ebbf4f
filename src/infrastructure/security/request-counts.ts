import { LRUCache } from 'lru-cache';

import { addressGroup } from './address-group.js';

interface Count {
  value: number;
  endMillis: number;
}

/** What a caller has left, after a request was counted. */
interface Allowance<Policy> {
  readonly policy: Policy;
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly excess: number;
}

/** More callers than that push out the ones that weren't heard of for longest. */
const maxCallers = 20_000;
const windowSeconds = 60;

/**
 * Counts the requests of users and of addresses in windows of a minute, each of which begins with its first request. In this
 * process alone: a request costs no round trip, and n instances let n times as many through.
 */
export function createRequestCounts({
  perUser,
  perAddress,
}: {
  readonly perUser: number;
  readonly perAddress: number;
}) {
  const countByUser = counter('user', perUser);
  const countByAddress = counter('address', perAddress);
  return {
    countUser: countByUser,
    countAddress: (ipAddress: string | undefined) => countByAddress(addressGroup(ipAddress)),
  };
}

function counter<const Policy extends string>(policy: Policy, quota: number): (key: string) => Allowance<Policy> {
  const counts = new LRUCache<string, Count>({ max: maxCallers });
  return (key) => {
    const nowMillis = performance.now();
    let count = counts.get(key);
    if (count === undefined || count.endMillis <= nowMillis) {
      count = { value: 0, endMillis: nowMillis + windowSeconds * 1000 };
      counts.set(key, count);
    }
    count.value += 1;
    return {
      policy,
      quota,
      windowSeconds,
      remaining: Math.max(quota - count.value, 0),
      resetSeconds: Math.ceil((count.endMillis - nowMillis) / 1000),
      excess: Math.max(count.value - quota, 0),
    };
  };
}
