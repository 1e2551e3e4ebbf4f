import { createHash, randomBytes } from 'node:crypto';

import type { RefreshTokens } from '#application/ports/access-tokens.js';

/** 256 random bits in base64url, kept as SHA-256 in hex: with that much chance in them no slow hash is needed. */
export const opaqueRefreshTokens: RefreshTokens = {
  make: () => {
    const token = randomBytes(32).toString('base64url');
    return { token, hash: hashOf(token) };
  },
  hash: hashOf,
};

function hashOf(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
