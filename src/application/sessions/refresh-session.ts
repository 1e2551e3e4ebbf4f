import type { Origin } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Session } from '../domain/session.js';
import type { AccessRevocations } from '../ports/access-revocations.js';
import type { AccessTokens, RefreshTokens } from '../ports/access-tokens.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { grantFor, type Grant } from './grant.js';

interface Dependencies {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly accessRevocations: AccessRevocations;
  readonly audit: AuditAct;
}

/**
 * Gives new tokens for a refresh token, which is used up by that. A token that was used before ends its whole family: it
 * was stolen, or its answer was. Throws `invalid-refresh-token`.
 */
export function refreshSession(dependencies: Dependencies) {
  const { accessTokens, refreshTokens, accessRevocations, clock, identifiers, audit } = dependencies;
  return async (units: UnitsOfWork, origin: Origin, refreshToken: string): Promise<Grant> => {
    const hash = refreshTokens.hash(refreshToken);
    // The end of a stolen family must be committed, so the refusal is thrown only after the unit.
    const grant = await units.withUnit('write', async (work) => {
      const session = await work.sessions.findByRefreshTokenHash(hash);
      if (session?.isRotated === true) endFamily(work, session, origin);
      return session === undefined ? undefined : rotate(work, session, origin);
    });
    if (grant === undefined) {
      throw new ApplicationError('invalid-refresh-token', 'The refresh token is not valid any more. Log in again.');
    }
    return grant;
  };

  async function rotate(work: Work, session: Session, origin: Origin): Promise<Grant | undefined> {
    const now = clock.now();
    if (!session.isUsable(now)) return undefined;
    const user = await work.users.loadAndHold(session.userId);
    if (user?.isActive !== true) return undefined;
    const { token, hash } = refreshTokens.make();
    const successor = session.successor(
      { id: identifiers.next(), refreshTokenHash: hash, ipAddress: origin.ipAddress, userAgent: origin.userAgent },
      now,
    );
    work.sessions.rotate(session, now);
    work.sessions.add(successor);
    const grant = grantFor(user, successor, token, accessTokens, now);
    work.auditLog.append(
      audit(grant.actor(origin), {
        action: 'session.refresh',
        entityType: 'session',
        entityId: session.familyId,
        outcome: 'success',
      }),
    );
    return grant;
  }

  function endFamily(work: Work, session: Session, origin: Origin): void {
    work.sessions.revokeFamily(session.familyId);
    work.afterCommit(() => accessRevocations.announce([{ kind: 'session', sessionId: session.familyId }]));
    work.auditLog.append(
      audit(
        { kind: 'anonymous', origin },
        {
          action: 'session.refresh',
          entityType: 'session',
          entityId: session.familyId,
          outcome: 'refused',
          details: { reason: 'refresh-token-reused', user_id: session.userId },
        },
      ),
    );
  }
}
