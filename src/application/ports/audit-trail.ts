import type { AuditAction, AuditedEntity, AuditOutcome, AuditRecord } from '../domain/audit-entry.js';
import type { Page, PageRequest } from './paging.js';

/** Which lines of the record are wanted. All that is given must be so. */
export interface AuditFilter {
  readonly userId?: string;
  /** Of the one who acted, upper and lower case alike; also the name of a part of the service. */
  readonly username?: string;
  readonly action?: AuditAction;
  readonly entityType?: AuditedEntity;
  readonly entityId?: string;
  readonly vehicleId?: string;
  readonly commandId?: string;
  readonly outcome?: AuditOutcome;
  readonly requestId?: string;
  /** Half-open: from this time on. */
  readonly occurredAfter?: Date;
  /** Half-open: before this time. */
  readonly occurredBefore?: Date;
}

/** The record of acts, to be read. */
export interface AuditTrail {
  /** Newest first. */
  readonly list: (filter: AuditFilter, page: PageRequest) => Promise<Page<AuditRecord>>;
}
