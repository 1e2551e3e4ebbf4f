import { requireVehicle } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** Takes a vehicle out of service; its history stays, its credentials go. Doing it twice changes nothing. Throws `vehicle-not-found`. */
export function retireVehicle({ clock, audit }: Dependencies) {
  return async (
    work: Pick<Work, 'vehicles' | 'vehicleCredentials' | 'auditLog'>,
    actor: KnownActor,
    vehicleId: string,
  ): Promise<void> => {
    const vehicle = await requireVehicle(work, actor, vehicleId);
    if (vehicle.retiredAt !== undefined) return;
    const now = clock.now();
    const bare = vehicle.credentials === undefined ? vehicle : vehicle.withoutCredentials(now);
    if (bare !== vehicle) work.vehicleCredentials.remove(bare);
    work.vehicles.save(bare.retire(now));
    work.auditLog.append(
      audit(actor, {
        action: 'vehicle.retire',
        entityType: 'vehicle',
        entityId: vehicle.id,
        vehicleId: vehicle.id,
        outcome: 'success',
      }),
    );
  };
}
