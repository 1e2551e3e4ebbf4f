/**
 * How long to wait before an attempt: doubling from a base up to a limit, and of that a random half, so that many who
 * failed together don't come back together. `attempt` counts from 1; `chance` is from 0 to 1.
 */
export function backoffMillis(attempt: number, baseMillis: number, limitMillis: number, chance: number): number {
  const full = Math.min(limitMillis, baseMillis * 2 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * chance);
}
