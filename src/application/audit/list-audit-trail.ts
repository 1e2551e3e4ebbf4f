import type { AuditRecord } from '../domain/audit-entry.js';
import type { AuditFilter } from '../ports/audit-trail.js';
import type { Page, PageRequest } from '../ports/paging.js';
import type { Work } from '../ports/unit-of-work.js';

/** A page of the record, newest first. It is for administrators, who may see everything. */
export async function listAuditTrail(
  work: Pick<Work, 'auditTrail'>,
  filter: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditRecord>> {
  return work.auditTrail.list(filter, page);
}
