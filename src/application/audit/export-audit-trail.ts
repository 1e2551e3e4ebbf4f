import type { UserActor } from '../domain/actor.js';
import type { AuditRecord } from '../domain/audit-entry.js';
import type { AuditFilter } from '../ports/audit-trail.js';
import type { Clock } from '../ports/clock.js';
import type { Cursor } from '../ports/paging.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { filterDetails } from '../record/filter-details.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** How many lines are read, and held, at once. Few enough to be garbage before they have grown old, and so soon gone. */
const pageSize = 100;

/**
 * The record as it is now, newest first, in parts of a hundred lines. That somebody takes it away is on record before the
 * first of them is read. Holds no connection while the reader takes its time.
 */
export function exportAuditTrail({ clock, audit }: Dependencies) {
  return async function* (
    units: UnitsOfWork,
    actor: UserActor,
    filter: AuditFilter,
  ): AsyncGenerator<readonly AuditRecord[], void, undefined> {
    const occurredBefore = clock.now();
    await units.withUnit('write', (work) => {
      work.auditLog.append(
        audit(actor, {
          action: 'audit-log.export',
          entityType: 'audit-log',
          outcome: 'success',
          details: filterDetails(filter),
        }),
      );
      return Promise.resolve();
    });
    const bounded = { ...filter, occurredBefore: earlier(filter.occurredBefore, occurredBefore) };
    let after: Cursor | undefined;
    do {
      const page = await units.withUnit('read', (work) => work.auditTrail.list(bounded, { limit: pageSize, after }));
      if (page.items.length > 0) yield page.items;
      after = page.next;
    } while (after !== undefined);
  };
}

/** What is written while the export runs comes before what it has already sent, and is left out. */
function earlier(wanted: Date | undefined, now: Date): Date {
  return wanted !== undefined && wanted < now ? wanted : now;
}
