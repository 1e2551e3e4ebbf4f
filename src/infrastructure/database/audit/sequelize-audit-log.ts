import type { AuditEntry } from '#application/domain/audit-entry.js';
import type { Actor } from '#application/domain/actor.js';
import type { AuditLog } from '#application/ports/audit-log.js';

import { JsonRows } from '../json-rows.js';
import type { UnitStatements } from '../unit-statements.js';

const rows = new JsonRows({
  log_id: 'uuid',
  occurred_at: 'timestamptz',
  actor_kind: 'text',
  user_id: 'uuid',
  username: 'text',
  action: 'text',
  entity_type: 'text',
  entity_id: 'text',
  vehicle_id: 'uuid',
  command_id: 'uuid',
  outcome: 'text',
  ip_address: 'inet',
  user_agent: 'text',
  request_id: 'text',
  details: 'jsonb',
});

const insertText = `
  insert into audit_logs (${rows.columns()})
  ${rows.select}`;

/** The record of acts in `audit_logs`, which the database keeps from being changed. */
export class SequelizeAuditLog implements AuditLog {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  append(entry: AuditEntry): void {
    this.#unit.note({ text: insertText, row: toRow(entry) });
  }
}

function toRow(entry: AuditEntry): readonly unknown[] {
  const who = describeActor(entry.actor);
  return rows.row({
    log_id: entry.id,
    occurred_at: entry.occurredAt,
    actor_kind: entry.actor.kind,
    user_id: who.userId,
    username: who.username,
    action: entry.action,
    entity_type: entry.entityType,
    entity_id: entry.entityId,
    vehicle_id: entry.vehicleId,
    command_id: entry.commandId,
    outcome: entry.outcome,
    ip_address: who.ipAddress,
    user_agent: who.userAgent,
    request_id: who.requestId,
    details: entry.details,
  });
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
