import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { User } from '../domain/user.js';
import type { AccessRevocations } from '../ports/access-revocations.js';
import type { Clock } from '../ports/clock.js';
import type { KnownPasswords } from '../ports/known-passwords.js';
import type { LoginThrottle } from '../ports/login-throttle.js';
import type { PasswordHasher } from '../ports/password-hasher.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { requireGoodPassword } from './require-good-password.js';

interface Dependencies {
  readonly loginThrottle: LoginThrottle;
  readonly passwordHasher: PasswordHasher;
  readonly knownPasswords: KnownPasswords;
  readonly accessRevocations: AccessRevocations;
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** Both passwords, the present one as proof. */
export interface ChangePasswordInput {
  readonly oldPassword: string;
  readonly newPassword: string;
}

/**
 * Changes the actor's own password and ends all of their other sessions. Holds no connection while passwords are hashed.
 * Throws `wrong-password`, `too-many-logins` after too many of those, or `invalid-request` for a bad new one; then nothing ends.
 */
export function changePassword(dependencies: Dependencies) {
  const { loginThrottle, passwordHasher, knownPasswords, accessRevocations, clock, audit } = dependencies;
  return async (units: UnitsOfWork, actor: UserActor, input: ChangePasswordInput): Promise<void> => {
    const { oldPassword, newPassword } = input;
    const user = await provenUser(units, actor, oldPassword);
    await requireGoodPassword(knownPasswords, { password: newPassword, context: user, pointer: '/new_password' });
    const passwordHash = await passwordHasher.hash(newPassword);
    await units.withUnit('write', (work) => store(work, actor, user, passwordHash));
  };

  /** The account, if the password is its own. A wrong one counts like a failed login, or this were a way to guess. */
  async function provenUser(units: UnitsOfWork, actor: UserActor, password: string): Promise<User> {
    const { username, origin } = actor;
    const admission = await loginThrottle.admit({ username, ipAddress: origin.ipAddress });
    if (admission.kind === 'refused') {
      const { retryAfterSeconds } = admission;
      const message = `Too many tries have failed. Try again in ${retryAfterSeconds} s.`;
      throw new ApplicationError('too-many-logins', message, { retryAfterSeconds });
    }
    try {
      const user = await units.withUnit('read', (work) => work.users.load(actor.userId));
      const isRight = await passwordHasher.verify(user?.passwordHash, password);
      if (user === undefined || !isRight) throw wrongPassword();
      await admission.succeed();
      return user;
    } catch (error) {
      const isTheirs = error instanceof ApplicationError && error.code === 'wrong-password';
      if (!isTheirs) await admission.withdraw();
      throw error;
    }
  }

  async function store(work: Work, actor: UserActor, known: User, passwordHash: string): Promise<void> {
    const user = await work.users.loadToChange(known.id);
    // Somebody else may have changed it while the hashes were made.
    if (user?.isActive !== true || user.passwordHash !== known.passwordHash) throw wrongPassword();
    const ended = await work.sessions.revokeFamiliesOf(user.id, actor.sessionId);
    work.users.save(user.change({ passwordHash }, clock.now()));
    work.auditLog.append(
      audit(actor, {
        action: 'user.change-password',
        entityType: 'user',
        entityId: user.id,
        outcome: 'success',
        details: { ended_sessions: ended.length },
      }),
    );
    work.afterCommit(() => accessRevocations.announce(ended.map((sessionId) => ({ kind: 'session', sessionId }))));
  }
}

function wrongPassword(): ApplicationError {
  return new ApplicationError('wrong-password', 'The old password is not the one of this account.');
}
