import type { Actor } from './actor.js';
import type { JsonObject } from './json.js';

/** How an act ended: it was done, it was refused, or it was tried and failed. */
export const auditOutcomes = ['success', 'refused', 'failure'] as const;

/** One of the outcomes. */
export type AuditOutcome = (typeof auditOutcomes)[number];

/** The subjects that acts are about. */
export type AuditedEntity = 'user' | 'session' | 'fleet' | 'vehicle' | 'command' | 'service';

/** One line of the record: who did what to which, with which outcome. Never changed, never deleted. */
export interface AuditEntry {
  readonly id: string;
  readonly occurredAt: Date;
  readonly actor: Actor;
  /** What was done, as `subject.verb`, for example `command.submit`. */
  readonly action: string;
  readonly entityType: AuditedEntity;
  readonly entityId: string | undefined;
  readonly vehicleId: string | undefined;
  readonly commandId: string | undefined;
  readonly outcome: AuditOutcome;
  /** Facts worth keeping; never a secret, never a parameter value that could be one. */
  readonly details: JsonObject;
}
