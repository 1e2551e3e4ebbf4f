import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { JsonObject } from '../domain/json.js';
import type { User, UserChanges } from '../domain/user.js';
import type { AccessRevocations } from '../ports/access-revocations.js';
import type { Clock } from '../ports/clock.js';
import type { KnownPasswords } from '../ports/known-passwords.js';
import type { PasswordHasher } from '../ports/password-hasher.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { requireGoodPassword } from './require-good-password.js';
import { showUser } from './show-user.js';

interface Dependencies {
  readonly passwordHasher: PasswordHasher;
  readonly knownPasswords: KnownPasswords;
  readonly accessRevocations: AccessRevocations;
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** What an administrator changes of an account. */
export interface ChangeUserInput extends Omit<UserChanges, 'passwordHash'> {
  readonly password?: string;
}

/**
 * Changes an account. Another role or password, and the end of its activation, take away the access that its tokens give;
 * the last two end its sessions. Throws `user-not-found`, `last-admin`, `email-taken`, and `invalid-request` for a bad
 * password, or for one's own, which `changePassword` is for.
 */
export function changeUser(dependencies: Dependencies) {
  const { passwordHasher, knownPasswords, accessRevocations, clock, audit } = dependencies;

  return async (units: UnitsOfWork, actor: UserActor, userId: string, input: ChangeUserInput): Promise<User> => {
    const { password, ...plain } = input;
    const changes: UserChanges =
      password === undefined ? plain : { ...plain, passwordHash: await hashOf(units, actor, userId, password) };
    return units.withUnit('write', (work) => apply(work, actor, userId, changes));
  };

  async function hashOf(units: UnitsOfWork, actor: UserActor, userId: string, password: string): Promise<string> {
    if (actor.userId === userId) {
      throw new ApplicationError('invalid-request', 'One changes the own password with the old one.', {
        complaints: [{ pointer: '/password', message: 'is changed with POST /auth/password for the own account' }],
      });
    }
    const user = await units.withUnit('read', (work) => showUser(work, userId));
    await requireGoodPassword(knownPasswords, { password, context: user, pointer: '/password' });
    return passwordHasher.hash(password);
  }

  async function apply(work: Work, actor: UserActor, userId: string, changes: UserChanges): Promise<User> {
    const mayTakeAnAdmin = changes.isActive === false || (changes.role !== undefined && changes.role !== 'admin');
    const admins = mayTakeAnAdmin ? await work.users.lockActiveAdmins() : [];
    const before = await work.users.loadToChange(userId);
    if (before === undefined) throw new ApplicationError('user-not-found', 'There is no such user.');
    const details = differences(before, changes);
    if (details === undefined) return before;
    const after = before.change(changes, clock.now());
    if (before.isActiveAdmin && !after.isActiveAdmin && admins.every((id) => id === userId)) {
      throw new ApplicationError('last-admin', 'Somebody has to run the service. Name another administrator first.');
    }
    const endsSessions = (before.isActive && !after.isActive) || changes.passwordHash !== undefined;
    const endsAccess = endsSessions || before.role !== after.role;
    const stored = endsAccess ? after.withoutAccess() : after;
    const ended = endsSessions ? await work.sessions.revokeFamiliesOf(userId) : [];
    work.users.save(stored);
    work.auditLog.append(
      audit(actor, {
        action: 'user.change',
        entityType: 'user',
        entityId: userId,
        outcome: 'success',
        details: { ...details, ...(endsSessions ? { ended_sessions: ended.length } : {}) },
      }),
    );
    if (endsAccess) {
      const { accessVersion } = stored;
      work.afterCommit(() => accessRevocations.announce([{ kind: 'user', userId, accessVersion }]));
    }
    return stored;
  }
}

/** What an audit entry tells of a change, or undefined when there is none. Of a password only that it was changed. */
function differences(before: User, changes: UserChanges): JsonObject | undefined {
  const { email, role, isActive, passwordHash } = changes;
  const details = {
    ...(email === undefined || email === before.email ? {} : { email: { from: before.email, to: email } }),
    ...(role === undefined || role === before.role ? {} : { role: { from: before.role, to: role } }),
    ...(isActive === undefined || isActive === before.isActive
      ? {}
      : { is_active: { from: before.isActive, to: isActive } }),
    ...(passwordHash === undefined ? {} : { password: 'changed' }),
  };
  return Object.keys(details).length === 0 ? undefined : details;
}
