import type { Actor } from './actor.js';
import type { JsonObject } from './json.js';

/** How an act ended: it was done, it was refused, or it was tried and failed. */
export const auditOutcomes = ['success', 'refused', 'failure'] as const;

/** One of the outcomes. */
export type AuditOutcome = (typeof auditOutcomes)[number];

/** The subjects that acts are about. */
export const auditedEntities = ['user', 'session', 'fleet', 'vehicle', 'command', 'audit-log', 'service'] as const;

/** One of the subjects. */
export type AuditedEntity = (typeof auditedEntities)[number];

/** Everything that is done or refused and goes on record, as `subject.verb`. Other words can't be searched for. */
export const auditActions = [
  'audit-log.export',
  'audit-log.read',
  'command.cancel',
  'command.end',
  'command.read',
  'command.settle',
  'command.submit',
  'credentials.rotate',
  'fleet.change',
  'fleet.create',
  'fleet.list-members',
  'fleet.member-removed',
  'fleet.member-set',
  'session.end',
  'session.log-in',
  'session.log-out',
  'session.log-out-all',
  'session.refresh',
  'user.change',
  'user.change-password',
  'user.create',
  'user.list',
  'user.show',
  'vehicle.change',
  'vehicle.export',
  'vehicle.import',
  'vehicle.read',
  'vehicle.register',
  'vehicle.remove-credentials',
  'vehicle.retire',
  'vehicle.set-credentials',
] as const;

/** One of the acts. */
export type AuditAction = (typeof auditActions)[number];

/** One line of the record: who did what to which, with which outcome. Never changed, never deleted. */
export interface AuditEntry {
  readonly id: string;
  readonly occurredAt: Date;
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly entityType: AuditedEntity;
  readonly entityId: string | undefined;
  readonly vehicleId: string | undefined;
  readonly commandId: string | undefined;
  readonly outcome: AuditOutcome;
  /** Facts worth keeping; never a secret, never a parameter value that could be one. */
  readonly details: JsonObject;
}

/** A line of the record as it is read: the actor as they were when it was written. */
export interface AuditRecord extends Omit<AuditEntry, 'actor'> {
  readonly actorKind: Actor['kind'];
  readonly userId: string | undefined;
  /** Of the user, or the name of the part of the service that acted. */
  readonly username: string | undefined;
  readonly ipAddress: string | undefined;
  readonly userAgent: string | undefined;
  readonly requestId: string | undefined;
}
