import { LRUCache } from 'lru-cache';

import { countSeconds, trustSeconds, type LoginLedger } from './login-ledger.js';

/** More keys than that push out the ones that weren't seen for longest, so that an attack can't fill the memory. */
const maxKeys = 50_000;

/** Counts in this process alone: for a service without Redis, and while Redis is away. */
export function ownLoginLedger(): LoginLedger {
  const counts = new LRUCache<string, { value: number }>({ max: maxKeys, ttl: countSeconds * 1000 });
  // A clock that stands still for a moment would show more than is left.
  const gates = new LRUCache<string, true>({ max: maxKeys, ttlResolution: 0 });
  const trusted = new LRUCache<string, true>({ max: maxKeys, ttl: trustSeconds * 1000 });
  return {
    count: (key) => {
      const count = counts.get(key) ?? { value: 0 };
      // A count that is there keeps its end.
      if (count.value === 0) counts.set(key, count);
      count.value += 1;
      return Promise.resolve(count.value);
    },
    uncount: (key) => {
      const count = counts.get(key);
      if (count !== undefined && count.value > 0) count.value -= 1;
      return Promise.resolve();
    },
    shutMillis: (key) => Promise.resolve(gates.has(key) ? gates.getRemainingTTL(key) : 0),
    pass: (key, shutSeconds) => {
      if (gates.has(key)) return Promise.resolve(false);
      gates.set(key, true, { ttl: shutSeconds * 1000 });
      return Promise.resolve(true);
    },
    openGate: (key) => {
      gates.delete(key);
      return Promise.resolve();
    },
    forget: (key) => {
      counts.delete(key);
      gates.delete(key);
      return Promise.resolve();
    },
    trust: (key) => {
      trusted.set(key, true);
      return Promise.resolve();
    },
    isTrusted: (key) => Promise.resolve(trusted.has(key)),
  };
}
