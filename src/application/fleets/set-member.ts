import { requireFleet } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { MemberRole } from '../domain/fleet.js';
import type { Clock } from '../ports/clock.js';
import type { Member } from '../ports/fleet-repository.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** What a membership shall say. */
export interface SetMemberInput {
  readonly fleetId: string;
  readonly userId: string;
  readonly role: MemberRole;
  readonly until: Date | undefined;
}

/** Makes a user a member of a fleet, or changes the membership. Throws `fleet-not-found` or `user-not-found`. */
export function setMember({ clock, audit }: Dependencies) {
  return async (
    work: Pick<Work, 'fleets' | 'users' | 'auditLog'>,
    actor: KnownActor,
    { fleetId, userId, role, until }: SetMemberInput,
  ): Promise<Member> => {
    await requireFleet(work, actor, fleetId);
    const user = await work.users.load(userId);
    if (user === undefined) throw new ApplicationError('user-not-found', 'There is no such user.');
    const former = await work.fleets.findMember(fleetId, userId);
    const membership = { fleetId, userId, role, until, createdAt: former?.createdAt ?? clock.now() };
    work.fleets.setMember(membership);
    work.auditLog.append(
      audit(actor, {
        action: 'fleet.member-set',
        entityType: 'fleet',
        entityId: fleetId,
        outcome: 'success',
        details: {
          user_id: userId,
          username: user.username,
          role,
          until: until?.toISOString() ?? null,
          former_role: former?.role ?? null,
        },
      }),
    );
    return { membership, username: user.username };
  };
}
