import { requireVehicle } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** Takes a vehicle's credentials away. Where there are none nothing changes. Throws `vehicle-not-found`. */
export function removeVehicleCredentials({ clock, audit }: Dependencies) {
  return async (
    work: Pick<Work, 'vehicles' | 'vehicleCredentials' | 'auditLog'>,
    actor: KnownActor,
    vehicleId: string,
  ): Promise<void> => {
    const vehicle = await requireVehicle(work, actor, vehicleId);
    if (vehicle.credentials === undefined) return;
    work.vehicleCredentials.remove(vehicle.withoutCredentials(clock.now()));
    work.auditLog.append(
      audit(actor, {
        action: 'vehicle.remove-credentials',
        entityType: 'vehicle',
        entityId: vehicle.id,
        vehicleId: vehicle.id,
        outcome: 'success',
        details: { kind: vehicle.credentials.kind },
      }),
    );
  };
}
