import type { KnownActor } from '../domain/actor.js';
import type { Fleet } from '../domain/fleet.js';
import { requireFleet } from '../access/visibility.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** Gives a fleet another name. Throws `fleet-not-found`; a name that is taken is `fleet-name-taken` at the commit. */
export function renameFleet({ clock, audit }: Dependencies) {
  return async (
    work: Pick<Work, 'fleets' | 'auditLog'>,
    actor: KnownActor,
    fleetId: string,
    name: string,
  ): Promise<Fleet> => {
    const { item: fleet } = await requireFleet(work, actor, fleetId);
    const renamed = fleet.rename(name, clock.now());
    work.fleets.save(renamed);
    const details = { name, former_name: fleet.name };
    work.auditLog.append(
      audit(actor, { action: 'fleet.change', entityType: 'fleet', entityId: fleetId, outcome: 'success', details }),
    );
    return renamed;
  };
}
