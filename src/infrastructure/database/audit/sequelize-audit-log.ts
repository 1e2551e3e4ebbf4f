import type { AuditEntry } from '#application/domain/audit-entry.js';
import type { Actor } from '#application/domain/actor.js';
import type { AuditLog } from '#application/ports/audit-log.js';

import type { UnitStatements } from '../unit-statements.js';

const insertText = `
  insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id, vehicle_id,
    command_id, outcome, ip_address, user_agent, request_id, details)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`;

const insertAllText = `
  insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id, vehicle_id,
    command_id, outcome, ip_address, user_agent, request_id, details)
  select r.log_id, r.occurred_at, r.actor_kind, r.user_id, r.username, r.action, r.entity_type, r.entity_id, r.vehicle_id,
    r.command_id, r.outcome, r.ip_address, r.user_agent, r.request_id, r.details
  from jsonb_to_recordset($1::jsonb) as r (log_id uuid, occurred_at timestamptz, actor_kind text, user_id uuid,
    username text, action text, entity_type text, entity_id text, vehicle_id uuid, command_id uuid, outcome text,
    ip_address inet, user_agent text, request_id text, details jsonb)`;

/** The record of acts in `audit_logs`, which the database keeps from being changed. */
export class SequelizeAuditLog implements AuditLog {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  append(entry: AuditEntry): void {
    const row = toColumns(entry);
    const { details, ...columns } = row;
    this.#unit.note({
      text: insertText,
      values: [...Object.values(columns), JSON.stringify(details)],
      together: { text: insertAllText, row },
    });
  }

  appendAll(entries: readonly AuditEntry[]): void {
    this.#unit.note({ text: insertAllText, values: [JSON.stringify(entries.map(toColumns))] });
  }
}

/** In the order of the statements above. */
function toColumns(entry: AuditEntry) {
  const who = describeActor(entry.actor);
  return {
    log_id: entry.id,
    occurred_at: entry.occurredAt,
    actor_kind: entry.actor.kind,
    user_id: who.userId,
    username: who.username,
    action: entry.action,
    entity_type: entry.entityType,
    entity_id: entry.entityId ?? null,
    vehicle_id: entry.vehicleId ?? null,
    command_id: entry.commandId ?? null,
    outcome: entry.outcome,
    ip_address: who.ipAddress,
    user_agent: who.userAgent,
    request_id: who.requestId,
    details: entry.details,
  };
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
