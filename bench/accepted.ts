import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

import { startService } from './contenders.js';
import { load } from './load.js';
import { measuredPaths } from './paths.js';
import type { Processes } from './processes.js';
import { forgetOrders } from './seed.js';
import type { Stage } from './side-by-side.js';

/** What the service takes in while it also carries out what it took. */
export interface AcceptedFigures {
  readonly acceptedPerSecond: number;
  readonly p99Millis: number;
  /** Of those accepted, at the end of the load. */
  readonly endedMeanwhile: number;
  readonly accepted: number;
  /** From the end of the load until the last of them had ended. */
  readonly secondsToTheLast: number;
}

/** Orders commands at a fixed concurrency with the dispatcher at work on vehicles that answer at once; all have to complete. */
export async function measureAccepted(
  processes: Processes,
  { databaseUrl, token }: Stage,
  variables: Readonly<Record<string, string>>,
  seconds: number,
): Promise<AcceptedFigures> {
  const orders = measuredPaths.find(({ isWrite }) => isWrite)?.requests ?? [];
  const service = await startService(processes, variables);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const countOf = async (condition: string): Promise<number> => {
    const text = `select count(*)::integer as count from commands where submitted_at >= $1 and ${condition}`;
    const { rows } = await client.query<{ readonly count: number }>(text, [since]);
    return rows[0]?.count ?? 0;
  };
  let since = new Date();
  const untilNoneIsLeft = async (): Promise<void> => {
    while ((await countOf("status in ('pending', 'in_progress')")) > 0) await sleep(100);
  };
  try {
    await load(service, orders, token, Math.min(2, seconds / 2));
    await untilNoneIsLeft();
    since = new Date();
    const { requestsPerSecond, p99Millis } = await load(service, orders, token, seconds);
    const end = performance.now();
    const endedMeanwhile = await countOf("status = 'completed'");
    await untilNoneIsLeft();
    const secondsToTheLast = (performance.now() - end) / 1000;
    const accepted = await countOf('true');
    const completed = await countOf("status = 'completed'");
    if (completed !== accepted) throw new Error(`${accepted - completed} commands did not complete`);
    return { acceptedPerSecond: requestsPerSecond, p99Millis, endedMeanwhile, accepted, secondsToTheLast };
  } finally {
    await service.stop();
    await client.end();
    await forgetOrders(databaseUrl, since);
  }
}

/** The figures as a line for people. */
export function acceptedMarkdown(figures: AcceptedFigures): string {
  const { acceptedPerSecond, p99Millis, endedMeanwhile, accepted, secondsToTheLast } = figures;
  return (
    `${acceptedPerSecond.toFixed(0)} commands a second are accepted (p99 ${p99Millis.toFixed(0)} ms) while the dispatcher works: ` +
    `${endedMeanwhile} of ${accepted} had ended when the load did, the last of them ${secondsToTheLast.toFixed(1)} s later.`
  );
}
