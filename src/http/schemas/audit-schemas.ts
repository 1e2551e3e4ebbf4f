import { z } from 'zod';

import {
  auditActions,
  auditedEntities,
  auditOutcomes,
  type AuditEntry,
  type AuditRecord,
} from '#application/domain/audit-entry.js';
import type { AuditFilter } from '#application/ports/audit-trail.js';

import { jsonObject, lineOfText, timestamp, uuid } from './plain-text.js';
import { timestampText } from './timestamp-text.js';

const actorKinds = ['user', 'anonymous', 'service'] as const satisfies readonly AuditEntry['actor']['kind'][];

/** Query parameters that choose lines of the record; all that are given must fit. */
export const auditFilterQuery = z.object({
  user_id: uuid.optional().meta({ description: 'Who acted.' }),
  username: lineOfText(1, 64).optional().meta({
    description: 'Who acted, by name, or the part of the service. Upper and lower case are the same.',
  }),
  action: z.enum(auditActions).optional(),
  entity_type: z.enum(auditedEntities).optional(),
  entity_id: lineOfText(1, 128).optional().meta({ description: 'What the act was about.' }),
  vehicle_id: uuid.optional(),
  command_id: uuid.optional(),
  outcome: z.enum(auditOutcomes).optional(),
  request_id: lineOfText(1, 128).optional(),
  occurred_after: timestamp.optional().meta({ description: 'This time or later.' }),
  occurred_before: timestamp.optional().meta({ description: 'Before this time.' }),
});

/** A line of the record. */
export const auditRecordSchema = z
  .object({
    log_id: uuid,
    occurred_at: timestamp,
    actor_kind: z.enum(actorKinds),
    user_id: uuid.nullable(),
    username: z.string().nullable().meta({ description: 'As it was then; or the part of the service that acted.' }),
    action: z.enum(auditActions),
    entity_type: z.enum(auditedEntities),
    entity_id: z.string().nullable(),
    vehicle_id: uuid.nullable(),
    command_id: uuid.nullable(),
    outcome: z.enum(auditOutcomes),
    details: jsonObject,
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'AuditRecord', description: 'Who did what to which, with which outcome.' });

/** The filter that a query asks for. */
export function toAuditFilter(query: z.output<typeof auditFilterQuery>): AuditFilter {
  return {
    ...(query.user_id === undefined ? {} : { userId: query.user_id }),
    ...(query.username === undefined ? {} : { username: query.username }),
    ...(query.action === undefined ? {} : { action: query.action }),
    ...(query.entity_type === undefined ? {} : { entityType: query.entity_type }),
    ...(query.entity_id === undefined ? {} : { entityId: query.entity_id }),
    ...(query.vehicle_id === undefined ? {} : { vehicleId: query.vehicle_id }),
    ...(query.command_id === undefined ? {} : { commandId: query.command_id }),
    ...(query.outcome === undefined ? {} : { outcome: query.outcome }),
    ...(query.request_id === undefined ? {} : { requestId: query.request_id }),
    ...(query.occurred_after === undefined ? {} : { occurredAfter: new Date(query.occurred_after) }),
    ...(query.occurred_before === undefined ? {} : { occurredBefore: new Date(query.occurred_before) }),
  };
}

/** A line of the record as it is shown. */
export function presentAuditRecord(record: AuditRecord): z.output<typeof auditRecordSchema> {
  return {
    log_id: record.id,
    occurred_at: timestampText(record.occurredAt),
    actor_kind: record.actorKind,
    user_id: record.userId ?? null,
    username: record.username ?? null,
    action: record.action,
    entity_type: record.entityType,
    entity_id: record.entityId ?? null,
    vehicle_id: record.vehicleId ?? null,
    command_id: record.commandId ?? null,
    outcome: record.outcome,
    details: record.details,
    ip_address: record.ipAddress ?? null,
    user_agent: record.userAgent ?? null,
    request_id: record.requestId ?? null,
  };
}
