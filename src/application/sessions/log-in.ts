import type { Actor, Origin } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import { Session } from '../domain/session.js';
import type { User } from '../domain/user.js';
import type { AccessTokens, RefreshTokens } from '../ports/access-tokens.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { PasswordHasher } from '../ports/password-hasher.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { grantFor, type Grant } from './grant.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly passwordHasher: PasswordHasher;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly audit: AuditAct;
}

/** What somebody says to be let in. */
export interface LogInInput {
  readonly username: string;
  readonly password: string;
}

/**
 * Opens a session for whoever knows the password of an active account. Both outcomes are audited. Holds no connection
 * while the password is hashed, and does the same work for an unknown name. Throws `invalid-credentials`.
 */
export function logIn(dependencies: Dependencies) {
  const { units, passwordHasher, accessTokens, refreshTokens, clock, identifiers, audit } = dependencies;
  return async (origin: Origin, { username, password }: LogInInput): Promise<Grant> => {
    const user = await units.withUnit('read', (work) => work.users.findByUsername(username));
    const isRight = await passwordHasher.verify(user?.passwordHash, password);
    if (user === undefined || !isRight || !user.isActive) {
      await rememberRefusal(origin, username, user, isRight);
      throw new ApplicationError('invalid-credentials', 'The username or the password is wrong.');
    }
    const now = clock.now();
    const { token, hash } = refreshTokens.make();
    const session = Session.open(
      {
        id: identifiers.next(),
        userId: user.id,
        refreshTokenHash: hash,
        ipAddress: origin.ipAddress,
        userAgent: origin.userAgent,
      },
      now,
    );
    const grant = grantFor(user, session, token, accessTokens, now);
    await units.withUnit('write', (work) => {
      work.sessions.add(session);
      const act = {
        action: 'session.log-in',
        entityType: 'session',
        entityId: session.familyId,
        outcome: 'success',
      } as const;
      work.auditLog.append(audit(grant.actor(origin), act));
      return Promise.resolve();
    });
    return grant;
  };

  async function rememberRefusal(
    origin: Origin,
    username: string,
    user: User | undefined,
    isRight: boolean,
  ): Promise<void> {
    const anonymous: Actor = { kind: 'anonymous', origin };
    const reason = user === undefined ? 'unknown-user' : isRight ? 'inactive-user' : 'wrong-password';
    await units.withUnit('write', (work) => {
      work.auditLog.append(
        audit(anonymous, {
          action: 'session.log-in',
          entityType: 'user',
          outcome: 'refused',
          details: { username, reason },
          ...(user === undefined ? {} : { entityId: user.id }),
        }),
      );
      return Promise.resolve();
    });
  }
}
