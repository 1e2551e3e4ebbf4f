import type { Actor } from '../domain/actor.js';
import { Fleet } from '../domain/fleet.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly audit: AuditAct;
}

/** Makes a fleet. A name that is taken is `fleet-name-taken` at the commit. */
export function createFleet({ clock, identifiers, audit }: Dependencies) {
  return (work: Pick<Work, 'fleets' | 'auditLog'>, actor: Actor, name: string): Promise<Fleet> => {
    const fleet = Fleet.create(identifiers.next(), name, clock.now());
    work.fleets.add(fleet);
    const details = { name };
    work.auditLog.append(
      audit(actor, { action: 'fleet.create', entityType: 'fleet', entityId: fleet.id, outcome: 'success', details }),
    );
    return Promise.resolve(fleet);
  };
}
