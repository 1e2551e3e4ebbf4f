import { createSecretKey, randomUUID, type KeyObject } from 'node:crypto';

import jsonwebtoken from 'jsonwebtoken';

import type { AccessTokens } from '#application/ports/access-tokens.js';
import type { JwtAlgorithm } from '#config/security-settings.js';
import type { Secret } from '#config/secret.js';

interface Options {
  readonly secret: Secret;
  readonly algorithm: JwtAlgorithm;
  readonly expirationMinutes: number;
}

/** What a token must be checked with. */
export interface AccessTokenVerification {
  readonly key: KeyObject;
  /** The one algorithm that is accepted, whatever the token's header says (RFC 8725 section 3.1). */
  readonly algorithm: JwtAlgorithm;
  readonly issuer: string;
  readonly audience: string;
}

/** Issues tokens, and tells whoever checks them how. */
export interface JwtAccessTokens extends AccessTokens {
  readonly verification: AccessTokenVerification;
}

const issuer = 'sovd-fleet';
const audience = 'sovd-fleet-api';

/**
 * Access tokens as signed JWTs (RFC 7519). Claims: `sub` is the user's id, `sid` the session's, `username`, `role` and
 * `ver`, the account's access version, are as they were at the time of issue, `jti` makes each token different; `iss`, `aud`, `iat` and `exp` as usual.
 */
export function createJwtAccessTokens({ secret, algorithm, expirationMinutes }: Options): JwtAccessTokens {
  const key = createSecretKey(secret.reveal(), 'utf8');
  return {
    verification: { key, algorithm, issuer, audience },
    issue: ({ userId, username, role, sessionId, accessVersion }, now) => {
      const issuedAtSeconds = Math.floor(now.getTime() / 1000);
      const expiresAtSeconds = issuedAtSeconds + expirationMinutes * 60;
      const claims = {
        username,
        role,
        sid: sessionId,
        ver: accessVersion,
        iat: issuedAtSeconds,
        exp: expiresAtSeconds,
      };
      const token = jsonwebtoken.sign(claims, key, {
        algorithm,
        issuer,
        audience,
        subject: userId,
        jwtid: randomUUID(),
      });
      return { token, expiresAt: new Date(expiresAtSeconds * 1000) };
    },
  };
}
