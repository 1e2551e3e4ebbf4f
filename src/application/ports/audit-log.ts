import type { AuditEntry } from '../domain/audit-entry.js';

/** The record of acts. There is nothing to change and nothing to delete. */
export interface AuditLog {
  /** Noted: stored in the same transaction as what it tells of, and with others in one statement. */
  readonly append: (entry: AuditEntry) => void;
}
