import { tapDatabase } from '../test/http/wire-tap.js';

import type { ArenaDatabase } from './arena.js';
import type { Cost } from './comparison.js';
import { start, type Contestant } from './contestants.js';
import { answerOf, type BenchRequest } from './requests.js';

/** Long enough for what a program does at its start, short against everything that it does now and then. */
const settleMillis = 1500;

/** Counts on the wire what one request costs the database, once all connections and statements are there. */
export async function costsOf(
  contestant: Contestant,
  database: ArenaDatabase,
  requests: readonly BenchRequest[],
  token: string,
  shared: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, Cost>> {
  const tap = await tapDatabase(database.url);
  const running = await start(contestant, { ...shared, DATABASE_URL: tap.url, DISPATCH_POLL_MS: '60000' });
  const costs = new Map<string, Cost>();
  try {
    for (const request of requests) {
      for (let count = 0; count < 3; count += 1) await answerOf(running, request, token);
      await new Promise((resolve) => setTimeout(resolve, settleMillis));
      tap.clear();
      await answerOf(running, request, token);
      costs.set(request.title, { statements: ownStatements(tap.statements()), roundTrips: tap.roundTrips() });
    }
  } finally {
    await running.stop();
    await tap.close();
  }
  return costs;
}

/** Without what a dispatcher that was woken has begun meanwhile: it comes after the commit. */
function ownStatements(statements: readonly string[]): number {
  const insert = statements.findIndex((text) => /insert into "?commands/iu.test(text));
  if (insert === -1) return statements.length;
  const isInTransaction = statements.slice(0, insert).some((text) => /^(?:START TRANSACTION|BEGIN)/iu.test(text));
  const end = isInTransaction ? statements.findIndex((text) => /^COMMIT/iu.test(text)) : insert;
  return end + 1;
}
