import type { AuditEntry } from '#application/domain/audit-entry.js';
import type { Actor } from '#application/domain/actor.js';
import type { AuditLog } from '#application/ports/audit-log.js';

import type { UnitStatements } from '../unit-statements.js';

const insertText = `
  insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id, vehicle_id,
    command_id, outcome, details, ip_address, user_agent, request_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`;

/** The record of acts in `audit_logs`, which the database keeps from being changed. */
export class SequelizeAuditLog implements AuditLog {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  append(entry: AuditEntry): void {
    const who = describeActor(entry.actor);
    this.#unit.note({
      text: insertText,
      values: [
        entry.id,
        entry.occurredAt,
        entry.actor.kind,
        who.userId,
        who.username,
        entry.action,
        entry.entityType,
        entry.entityId ?? null,
        entry.vehicleId ?? null,
        entry.commandId ?? null,
        entry.outcome,
        JSON.stringify(entry.details),
        who.ipAddress,
        who.userAgent,
        who.requestId,
      ],
    });
  }
}

interface ActorColumns {
  readonly userId: string | null;
  readonly username: string | null;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

function describeActor(actor: Actor): ActorColumns {
  if (actor.kind === 'service') {
    return { userId: null, username: actor.name, ipAddress: null, userAgent: null, requestId: null };
  }
  const { origin } = actor;
  return {
    userId: actor.kind === 'user' ? actor.userId : null,
    username: actor.kind === 'user' ? actor.username : null,
    ipAddress: origin.ipAddress ?? null,
    userAgent: origin.userAgent ?? null,
    requestId: origin.requestId ?? null,
  };
}
