import type { Actor } from '../domain/actor.js';
import { User, type Role } from '../domain/user.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { KnownPasswords } from '../ports/known-passwords.js';
import type { PasswordHasher } from '../ports/password-hasher.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { requireGoodPassword } from './require-good-password.js';

interface Dependencies {
  readonly passwordHasher: PasswordHasher;
  readonly knownPasswords: KnownPasswords;
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly audit: AuditAct;
}

/** A new account. */
export interface CreateUserInput {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly role: Role;
}

/**
 * Creates an active account. Hashes the password before it opens a unit. Throws `invalid-request` for a bad password,
 * `username-taken` or `email-taken`.
 */
export function createUser({ passwordHasher, knownPasswords, clock, identifiers, audit }: Dependencies) {
  return async (units: UnitsOfWork, actor: Actor, input: CreateUserInput): Promise<User> => {
    const { username, email, password, role } = input;
    await requireGoodPassword(knownPasswords, { password, context: { username, email }, pointer: '/password' });
    const passwordHash = await passwordHasher.hash(password);
    const user = User.create({ id: identifiers.next(), username, email, passwordHash, role }, clock.now());
    await units.withUnit('write', (work) => {
      work.users.add(user);
      const details = { username, email, role };
      work.auditLog.append(
        audit(actor, { action: 'user.create', entityType: 'user', entityId: user.id, outcome: 'success', details }),
      );
      return Promise.resolve();
    });
    return user;
  };
}
