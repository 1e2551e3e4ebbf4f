import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

import { countSeconds, trustSeconds, type LoginLedger } from './login-ledger.js';

/** Counts for all instances together, over a client of ioredis. Every method rejects at once while Redis is away. */
export function redisLoginLedger(client: object): LoginLedger {
  const limiter = (name: string, points: number, duration: number): RateLimiterRedis =>
    new RateLimiterRedis({
      storeClient: client,
      keyPrefix: `sovd-fleet:login-${name}`,
      points,
      duration,
      rejectIfRedisNotReady: true,
    });
  // The limits lie with the throttle: these only count, and the gate lets one through while it stands.
  const counts = limiter('count', Number.MAX_SAFE_INTEGER, countSeconds);
  const gates = limiter('gate', 1, 1);
  const trusted = limiter('trust', 1, trustSeconds);
  return {
    count: async (key) => (await counts.penalty(key)).consumedPoints,
    uncount: async (key) => {
      await counts.reward(key);
    },
    shutMillis: async (key) => (await gates.get(key))?.msBeforeNext ?? 0,
    pass: async (key, shutSeconds) => {
      try {
        await gates.consume(key, 1, { customDuration: shutSeconds });
        return true;
      } catch (error) {
        if (error instanceof RateLimiterRes) return false;
        throw error;
      }
    },
    openGate: async (key) => {
      await gates.delete(key);
    },
    forget: async (key) => {
      await Promise.all([counts.delete(key), gates.delete(key)]);
    },
    trust: async (key) => {
      await trusted.set(key, 1, trustSeconds);
    },
    isTrusted: async (key) => (await trusted.get(key)) !== null,
  };
}
