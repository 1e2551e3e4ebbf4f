import type { Actor } from '../domain/actor.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';

/** What is said about an act beside who did it and when. */
export type Act = Pick<AuditEntry, 'action' | 'entityType' | 'outcome'> &
  Partial<Pick<AuditEntry, 'entityId' | 'vehicleId' | 'commandId' | 'details'>>;

/** Makes audit entries. */
export type AuditAct = (actor: Actor, act: Act) => AuditEntry;

interface Dependencies {
  readonly clock: Clock;
  readonly identifiers: Identifiers;
}

/** Makes audit entries with the time of now and an id of their own; storing them is the unit's. */
export function auditAct({ clock, identifiers }: Dependencies): AuditAct {
  return (actor, act) => ({
    id: identifiers.next(),
    occurredAt: clock.now(),
    actor,
    action: act.action,
    entityType: act.entityType,
    entityId: act.entityId,
    vehicleId: act.vehicleId,
    commandId: act.commandId,
    outcome: act.outcome,
    details: act.details ?? {},
  });
}
