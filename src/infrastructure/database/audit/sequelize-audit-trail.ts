import type { InferAttributes } from 'sequelize';

import type { AuditRecord } from '#application/domain/audit-entry.js';
import type { AuditFilter, AuditTrail } from '#application/ports/audit-trail.js';
import type { Page, PageRequest } from '#application/ports/paging.js';

import { columnsOf } from '../model-columns.js';
import { QueryConditions, toPage } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { AuditLogModel } from './audit-log-model.js';

/** The record of acts in `audit_logs`, to be read. */
export class SequelizeAuditTrail implements AuditTrail {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>> {
    const conditions = conditionsOf(filter);
    conditions.addTimes('a.occurred_at', filter.occurredAfter, filter.occurredBefore, page.after);
    conditions.addCursor('a.occurred_at', 'a.log_id', page.after);
    const text = `
      select ${columnsOf(AuditLogModel, 'a')}
      from audit_logs a
      ${conditions.clause}
      order by a.occurred_at desc, a.log_id desc
      limit ${conditions.nextPlace}`;
    const rows = await this.#unit.rowsByFilter<AuditLogRow>(text, conditions.valuesAnd(page.limit + 1));
    return toPage(rows.map(toRecord), page.limit, ({ occurredAt, id }) => ({ at: occurredAt, id }));
  }
}

function conditionsOf(filter: AuditFilter): QueryConditions {
  const conditions = new QueryConditions();
  conditions.addIfGiven('a.user_id = ?', filter.userId);
  conditions.addIfGiven('lower(a.username) = lower(?)', filter.username);
  conditions.addIfGiven('a.action = ?', filter.action);
  conditions.addIfGiven('a.entity_type = ?', filter.entityType);
  conditions.addIfGiven('a.entity_id = ?', filter.entityId);
  conditions.addIfGiven('a.vehicle_id = ?', filter.vehicleId);
  conditions.addIfGiven('a.command_id = ?', filter.commandId);
  conditions.addIfGiven('a.outcome = ?', filter.outcome);
  conditions.addIfGiven('a.request_id = ?', filter.requestId);
  return conditions;
}

type AuditLogRow = InferAttributes<AuditLogModel>;

function toRecord(row: AuditLogRow): AuditRecord {
  return {
    id: row.log_id,
    occurredAt: row.occurred_at,
    actorKind: row.actor_kind,
    userId: row.user_id ?? undefined,
    username: row.username ?? undefined,
    action: row.action,
    entityType: row.entity_type,
    entityId: row.entity_id ?? undefined,
    vehicleId: row.vehicle_id ?? undefined,
    commandId: row.command_id ?? undefined,
    outcome: row.outcome,
    details: row.details,
    ipAddress: row.ip_address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    requestId: row.request_id ?? undefined,
  };
}
