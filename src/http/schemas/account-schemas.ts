import { z } from 'zod';

import type { Account } from '#application/ports/user-repository.js';
import type { Grant } from '#application/sessions/grant.js';
import { roles, type User } from '#application/domain/user.js';

import { membershipSchema, presentMembership } from './fleet-schemas.js';
import { lineOfText, timestamp, uuid } from './plain-text.js';
import { timestampText } from './timestamp-text.js';

/** The account of a person or a program. */
export const userSchema = z
  .object({
    user_id: uuid,
    username: z.string().meta({ examples: ['engineer'] }),
    email: z.string().meta({ examples: ['engineer@example.com'] }),
    role: z.enum(roles).meta({ examples: ['engineer'] }),
    is_active: z.boolean(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'User', description: 'An account.' });

/** In UTF-16 code units. A password of 1024 characters may be typed with more, which its normalisation puts together. */
export const maxPasswordUnits = 4096;

/** The account of whoever asks. */
export const accountSchema = userSchema
  .extend({ memberships: z.array(membershipSchema).meta({ description: 'Those that hold now. An admin needs none.' }) })
  .meta({ id: 'Account', description: 'An account, with the fleets that it works with.' });

/** Body of a login. Lengths are bounded, or hashing would be a way to keep the service busy. */
export const logInBody = z
  .object({
    username: lineOfText(1, 64).meta({ description: 'Name of the account, in upper or lower case.' }),
    password: z.string().min(1).max(maxPasswordUnits),
  })
  .meta({ id: 'LogIn' });

/** Body of a refresh. */
export const refreshBody = z.object({ refresh_token: lineOfText(1, 256) }).meta({ id: 'Refresh' });

/** What a login and a refresh give. */
export const grantSchema = z
  .object({
    access_token: z.string().meta({
      description: 'A JWT for the Authorization header.',
      examples: ['eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl'],
    }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds until the access token ends.', examples: [900] }),
    refresh_token: z
      .string()
      .meta({ description: 'Works once, for POST /auth/refresh.', examples: ['the-refresh-token'] }),
    refresh_expires_at: timestamp,
    user: userSchema,
  })
  .meta({ id: 'Grant', description: 'Both tokens of a session, and whose they are.' });

/** An account as it is shown. */
export function presentUser(user: User): z.output<typeof userSchema> {
  return {
    user_id: user.id,
    username: user.username,
    email: user.email,
    role: user.role,
    is_active: user.isActive,
    created_at: timestampText(user.createdAt),
    updated_at: timestampText(user.updatedAt),
  };
}

/** An account, with the fleets that it works with, as it is shown. */
export function presentAccount({ user, memberships }: Account): z.output<typeof accountSchema> {
  return { ...presentUser(user), memberships: memberships.map(presentMembership) };
}

/** A grant as it is shown, at the time of `now`. */
export function presentGrant(grant: Grant, now: Date): z.output<typeof grantSchema> {
  return {
    access_token: grant.access.token,
    token_type: 'Bearer',
    expires_in: Math.round((grant.access.expiresAt.getTime() - now.getTime()) / 1000),
    refresh_token: grant.refreshToken,
    refresh_expires_at: timestampText(grant.refreshExpiresAt),
    user: presentUser(grant.user),
  };
}
