import { requireFleet } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly audit: AuditAct;
}

/**
 * Ends a membership. What the member has ordered and what has not started is cancelled when its turn comes. Doing it twice
 * changes nothing. Throws `fleet-not-found` or `user-not-found`.
 */
export function removeMember({ audit }: Dependencies) {
  return async (
    work: Pick<Work, 'fleets' | 'users' | 'auditLog'>,
    actor: KnownActor,
    fleetId: string,
    userId: string,
  ): Promise<void> => {
    await requireFleet(work, actor, fleetId);
    const user = await work.users.load(userId);
    if (user === undefined) throw new ApplicationError('user-not-found', 'There is no such user.');
    const member = await work.fleets.findMember(fleetId, userId);
    if (member === undefined) return;
    work.fleets.removeMember(fleetId, userId);
    const details = { user_id: userId, username: user.username, former_role: member.role };
    work.auditLog.append(
      audit(actor, {
        action: 'fleet.member-removed',
        entityType: 'fleet',
        entityId: fleetId,
        outcome: 'success',
        details,
      }),
    );
  };
}
