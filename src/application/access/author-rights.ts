import type { Catalogue } from '../catalogue/catalogue.js';
import type { DueCommand } from '../ports/command-queue.js';
import { includesRole } from '../domain/user.js';

/**
 * Whether the author of a command that is about to be sent may still order it: rights that were there at the submission may
 * have ended while it waited.
 */
export function authorRights(catalogue: Pick<Catalogue, 'find'>) {
  return ({ command, authorRole }: DueCommand): boolean => {
    if (authorRole === undefined) return false;
    return includesRole(authorRole, catalogue.find(command.record.name)?.role ?? 'engineer');
  };
}
