import type { Actor } from '../domain/actor.js';
import type { AuditAction, AuditedEntity } from '../domain/audit-entry.js';
import type { ApplicationError } from '../domain/errors.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly audit: AuditAct;
}

/** An act that was refused: whose unit was rolled back, so that it needs one of its own to be remembered. */
export interface Refused {
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly entityType: AuditedEntity;
  readonly entityId: string | undefined;
  readonly vehicleId: string | undefined;
  readonly error: ApplicationError;
}

/** Puts a refused act into the audit log. */
export function recordRefusal({ audit }: Dependencies) {
  return async (units: UnitsOfWork, refused: Refused): Promise<void> => {
    const { actor, action, entityType, entityId, vehicleId, error } = refused;
    await units.withUnit('write', (work) => {
      work.auditLog.append(
        audit(actor, {
          action,
          entityType,
          outcome: 'refused',
          details: { code: error.code },
          ...(entityId === undefined ? {} : { entityId }),
          ...(entityId === undefined || entityType !== 'command' ? {} : { commandId: entityId }),
          ...(vehicleId === undefined ? {} : { vehicleId }),
        }),
      );
      return Promise.resolve();
    });
  };
}
