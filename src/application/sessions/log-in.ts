import type { Actor, Origin } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { JsonObject } from '../domain/json.js';
import { Session } from '../domain/session.js';
import type { User } from '../domain/user.js';
import type { AccessTokens, RefreshTokens } from '../ports/access-tokens.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { AdmittedLogin, LoginThrottle, RefusedLogin } from '../ports/login-throttle.js';
import type { LoginRefusalReason, Measurements } from '../ports/measurements.js';
import type { PasswordHasher } from '../ports/password-hasher.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { grantFor, type Grant } from './grant.js';

interface Dependencies {
  readonly loginThrottle: Pick<LoginThrottle, 'admit'>;
  readonly measurements: Pick<Measurements, 'loginRefused'>;
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
 * while the password is hashed, and does the same work for an unknown name. Throws `invalid-credentials`, and
 * `too-many-logins` before it looks at anything when failures were too many.
 */
export function logIn(dependencies: Dependencies) {
  const { loginThrottle, measurements, passwordHasher, clock, audit } = dependencies;
  const openSession = sessionOpener(dependencies);
  return async (units: UnitsOfWork, origin: Origin, input: LogInInput): Promise<Grant> => {
    const { username, password } = input;
    const admission = await loginThrottle.admit({ username, ipAddress: origin.ipAddress });
    if (admission.kind === 'refused') throw await tooManyLogins(units, origin, username, admission);
    return settling(admission, async () => {
      const user = await units.withUnit('read', (work) => work.users.findByUsername(username));
      const isRight = await passwordHasher.verify(user?.passwordHash, password);
      const grant = user !== undefined && isRight ? await openSession(units, user, origin, clock.now()) : undefined;
      if (grant !== undefined) return grant;
      const reason = user === undefined ? 'unknown-user' : isRight ? 'inactive-user' : 'wrong-password';
      await rememberRefusal(units, origin, { username, user, reason });
      throw new ApplicationError('invalid-credentials', 'The username or the password is wrong.');
    });
  };

  async function tooManyLogins(
    units: UnitsOfWork,
    origin: Origin,
    username: string,
    refused: RefusedLogin,
  ): Promise<ApplicationError> {
    const { limit, retryAfterSeconds } = refused;
    await rememberRefusal(units, origin, { username, reason: 'too-many-logins', details: { limit } });
    return new ApplicationError(
      'too-many-logins',
      `Too many logins have failed. Try again in ${retryAfterSeconds} s.`,
      {
        retryAfterSeconds,
      },
    );
  }

  async function rememberRefusal(units: UnitsOfWork, origin: Origin, refused: RememberedLogin): Promise<void> {
    const { username, user, reason, details } = refused;
    measurements.loginRefused(reason);
    const anonymous: Actor = { kind: 'anonymous', origin };
    await units.withUnit('write', (work) => {
      work.auditLog.append(
        audit(anonymous, {
          action: 'session.log-in',
          entityType: 'user',
          outcome: 'refused',
          details: { username, reason, ...details },
          ...(user === undefined ? {} : { entityId: user.id }),
        }),
      );
      return Promise.resolve();
    });
  }
}

/** A login that is refused, as it is remembered. */
interface RememberedLogin {
  readonly username: string;
  readonly user?: User | undefined;
  readonly reason: LoginRefusalReason;
  readonly details?: JsonObject;
}

/** Runs a try, and tells the throttle how it went: a failure is counted unless it was ours. */
async function settling(admitted: AdmittedLogin, task: () => Promise<Grant>): Promise<Grant> {
  try {
    const grant = await task();
    await admitted.succeed();
    return grant;
  } catch (error) {
    const isTheirs = error instanceof ApplicationError && error.code === 'invalid-credentials';
    if (!isTheirs) await admitted.withdraw();
    throw error;
  }
}

/** Opens the session, unless the account has changed while the password was hashed: what counts is how it is now. */
function sessionOpener(dependencies: Dependencies) {
  const { accessTokens, refreshTokens, identifiers, audit } = dependencies;
  return (units: UnitsOfWork, known: User, origin: Origin, now: Date): Promise<Grant | undefined> =>
    units.withUnit('write', async (work) => {
      const user = await work.users.loadAndHold(known.id);
      if (user?.isActive !== true || user.passwordHash !== known.passwordHash) return undefined;
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
      work.sessions.add(session);
      const act = {
        action: 'session.log-in',
        entityType: 'session',
        entityId: session.familyId,
        outcome: 'success',
      } as const;
      work.auditLog.append(audit(grant.actor(origin), act));
      return grant;
    });
}
