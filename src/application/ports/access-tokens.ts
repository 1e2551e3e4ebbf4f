import type { Role } from '../domain/user.js';

/** What an access token says. */
export interface AccessClaims {
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  /** The login that it belongs to: the family of its refresh tokens. */
  readonly sessionId: string;
  /** The account's access version at the time of issue. */
  readonly accessVersion: number;
}

/** A signed token and when it ends. */
export interface AccessToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Makes access tokens (JWT, RFC 7519). Checking them is the HTTP layer's, with the same key. */
export interface AccessTokens {
  readonly issue: (claims: AccessClaims, now: Date) => AccessToken;
}

/** Makes refresh tokens: 256 random bits, and the hash under which one is kept. */
export interface RefreshTokens {
  readonly make: () => { readonly token: string; readonly hash: string };
  readonly hash: (token: string) => string;
}
