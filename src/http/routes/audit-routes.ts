import { z } from 'zod';

import type { exportAuditTrail } from '#application/audit/export-audit-trail.js';
import { listAuditTrail } from '#application/audit/list-audit-trail.js';

import { download, endpoint, type Endpoint } from '../endpoint.js';
import { ok } from '../reply.js';
import { auditFilterQuery, auditRecordSchema, presentAuditRecord, toAuditFilter } from '../schemas/audit-schemas.js';
import { pageFields, pageSchema, presentPage, toPageRequest } from '../schemas/page-schemas.js';

/** The use cases behind these routes. */
export interface AuditRoutesDependencies {
  readonly exportAuditTrail: ReturnType<typeof exportAuditTrail>;
}

const tag = 'Audit';

const exampleRecord: z.output<typeof auditRecordSchema> = {
  log_id: '01890a5d-ac96-774b-bcce-b302099a8060',
  occurred_at: '2026-01-31T12:00:00.000Z',
  actor_kind: 'user',
  user_id: '01890a5d-ac96-774b-bcce-b302099a8001',
  username: 'ada',
  action: 'command.submit',
  entity_type: 'command',
  entity_id: '01890a5d-ac96-774b-bcce-b302099a8058',
  vehicle_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  command_id: '01890a5d-ac96-774b-bcce-b302099a8058',
  outcome: 'success',
  details: { command_name: 'read-faults' },
  ip_address: '203.0.113.7',
  user_agent: 'curl/8.11.0',
  request_id: '3f6c2d1e',
};

/** The record of acts. */
export function auditRoutes({ exportAuditTrail }: AuditRoutesDependencies): readonly Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/audit-logs',
      operationId: 'listAuditLogs',
      tag,
      summary: 'Read the audit log',
      description: 'Newest first. All filters that are given must fit.',
      role: 'admin',
      access: 'read',
      audit: { action: 'audit-log.read', entityType: 'audit-log' },
      query: z.object({ ...pageFields, ...auditFilterQuery.shape }),
      replies: { 200: { description: 'A page of the record', schema: pageSchema(auditRecordSchema) } },
      errors: ['invalid-cursor'],
      handle: (work, _actor, { query }) => listAuditTrail(work, toAuditFilter(query), toPageRequest(query)),
      reply: (page) => ok(presentPage(page, presentAuditRecord)),
    }),
    download({
      path: '/audit-logs/export',
      operationId: 'exportAuditLogs',
      tag,
      summary: 'Export the audit log',
      description: 'A JSON object a line, newest first, with the same filters. The export itself is on record.',
      role: 'admin',
      audit: { action: 'audit-log.export', entityType: 'audit-log' },
      query: auditFilterQuery,
      file: {
        mediaType: 'application/x-ndjson',
        fileName: 'audit-log.ndjson',
        description: 'Lines of JSON, each an AuditRecord',
        example: `${JSON.stringify(exampleRecord)}\n`,
      },
      handle: (units, actor, { query }) => toLines(exportAuditTrail(units, actor, toAuditFilter(query))),
    }),
  ];
}

async function* toLines(
  parts: ReturnType<AuditRoutesDependencies['exportAuditTrail']>,
): AsyncGenerator<string, void, undefined> {
  for await (const records of parts) {
    yield records.map((record) => `${JSON.stringify(presentAuditRecord(record))}\n`).join('');
  }
}
