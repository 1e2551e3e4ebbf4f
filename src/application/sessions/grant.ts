import type { Origin, UserActor } from '../domain/actor.js';
import type { Session } from '../domain/session.js';
import type { User } from '../domain/user.js';
import type { AccessToken, AccessTokens } from '../ports/access-tokens.js';

/** What a login or a refresh gives: both tokens, and whose they are. */
export interface Grant {
  readonly user: User;
  readonly access: AccessToken;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
  /** The user as the actor that the tokens make of them. */
  readonly actor: (origin: Origin) => UserActor;
}

/** The grant for a session of a user. */
export function grantFor(user: User, session: Session, refreshToken: string, tokens: AccessTokens, now: Date): Grant {
  const claims = {
    userId: user.id,
    username: user.username,
    role: user.role,
    sessionId: session.familyId,
    accessVersion: user.accessVersion,
  };
  const access = tokens.issue(claims, now);
  return {
    user,
    access,
    refreshToken,
    refreshExpiresAt: session.expiresAt,
    actor: (origin) => ({ kind: 'user', ...claims, accessUntil: access.expiresAt, origin }),
  };
}
