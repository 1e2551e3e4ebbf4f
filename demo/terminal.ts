import { performance } from 'node:perf_hooks';

const width = 84;

/** Prints a line. */
export function say(line = ''): void {
  console.log(line);
}

/** Runs a step of the preparation and prints, when it is done, what it was and how long it took. */
export async function step<Result>(task: () => Promise<Result>, describe: (result: Result) => string): Promise<Result> {
  const startedAt = performance.now();
  const result = await task();
  const duration = seconds(performance.now() - startedAt, 1);
  say(`  ✓ ${describe(result).padEnd(width - 12)}${duration.padStart(8)}`);
  return result;
}

/** `1.25 s`. */
export function seconds(millis: number, digits: number): string {
  return `${(millis / 1000).toFixed(digits)} s`;
}
