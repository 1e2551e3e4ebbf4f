import { z } from 'zod';

import type { OwnLogin } from '#application/sessions/list-sessions.js';

import { maxPasswordUnits } from './account-schemas.js';
import { lineOfText, timestamp, uuid } from './plain-text.js';
import { timestampText } from './timestamp-text.js';

/** A session of one's own. */
export const sessionSchema = z
  .object({
    session_id: uuid,
    is_current: z.boolean().meta({ description: 'Whether it is the one that asks.' }),
    created_at: timestamp.meta({ description: 'When it began with a login.' }),
    last_used_at: timestamp.meta({ description: 'When it got its tokens last, by the login or a refresh.' }),
    expires_at: timestamp.meta({ description: 'When it ends unless it is refreshed before.' }),
    ip_address: z.string().nullable().meta({ description: 'From where it got its tokens last.' }),
    user_agent: z.string().nullable(),
  })
  .meta({ id: 'Session', description: 'A login that stands.' });

/** Body of a logout: needed only by those who have no access token. */
export const logOutBody = z
  .strictObject({ refresh_token: lineOfText(1, 256).optional() })
  .optional()
  .meta({ description: 'Shows whose session it is, when no access token does.' });

/** Body of a change of one's own password. */
export const changePasswordBody = z
  .object({
    old_password: z.string().min(1).max(maxPasswordUnits),
    new_password: z
      .string()
      .max(maxPasswordUnits)
      .meta({ description: '12 to 1024 characters of any sort; not a well-known one, and not made of your names.' }),
  })
  .meta({ id: 'ChangePassword' });

/** A session as it is shown. */
export function presentSession(login: OwnLogin): z.output<typeof sessionSchema> {
  return {
    session_id: login.familyId,
    is_current: login.isCurrent,
    created_at: timestampText(login.loggedInAt),
    last_used_at: timestampText(login.lastUsedAt),
    expires_at: timestampText(login.expiresAt),
    ip_address: login.ipAddress ?? null,
    user_agent: login.userAgent ?? null,
  };
}
