import { z } from 'zod';

import type { endSession } from '#application/sessions/end-session.js';
import { listSessions } from '#application/sessions/list-sessions.js';
import type { logOut } from '#application/sessions/log-out.js';
import type { changePassword } from '#application/users/change-password.js';

import { endpoint, waitingEndpoint, type Endpoint } from '../endpoint.js';
import { noContent, ok } from '../reply.js';
import { pageFields, pageSchema, presentPage, toPageRequest } from '../schemas/page-schemas.js';
import { uuid } from '../schemas/plain-text.js';
import { changePasswordBody, logOutBody, presentSession, sessionSchema } from '../schemas/session-schemas.js';

/** The use cases behind these routes. */
export interface SessionRoutesDependencies {
  readonly logOut: ReturnType<typeof logOut>;
  readonly endSession: ReturnType<typeof endSession>;
  readonly changePassword: ReturnType<typeof changePassword>;
}

const tag = 'Accounts';
const withoutToken =
  'Also takes an access token that has expired, or the refresh token in the body where there is no access token.';

/** What one does with one's own sessions, and with the password that opens them. */
export function sessionRoutes({ logOut, endSession, changePassword }: SessionRoutesDependencies): readonly Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/auth/logout',
      operationId: 'logOut',
      tag,
      summary: 'Log out',
      description: `Ends the session. Its tokens stop working here at once, and within 5 seconds everywhere. ${withoutToken}`,
      role: 'leaving',
      access: 'write',
      body: logOutBody,
      bodyExamples: { refresh: { refresh_token: 'the-refresh-token-of-the-last-answer' } },
      replies: { 204: { description: 'The session has ended, now or before' } },
      errors: ['invalid-refresh-token'],
      handle: (work, actor, { body }) =>
        logOut(work, actor, { refreshToken: body?.refresh_token, scope: 'this-session' }),
      reply: () => noContent(),
    }),
    endpoint({
      method: 'post',
      path: '/auth/logout-all',
      operationId: 'logOutEverywhere',
      tag,
      summary: 'Log out everywhere',
      description: `Ends all sessions of the account, this one too. ${withoutToken} The session itself must stand.`,
      role: 'leaving',
      access: 'write',
      body: logOutBody,
      bodyExamples: { refresh: { refresh_token: 'the-refresh-token-of-the-last-answer' } },
      replies: { 204: { description: 'All sessions have ended' } },
      errors: ['invalid-refresh-token', 'session-ended'],
      handle: (work, actor, { body }) =>
        logOut(work, actor, { refreshToken: body?.refresh_token, scope: 'all-sessions' }),
      reply: () => noContent(),
    }),
    endpoint({
      method: 'get',
      path: '/auth/sessions',
      operationId: 'listSessions',
      tag,
      summary: 'List my sessions',
      description: 'The logins of the account that stand, newest first.',
      role: 'authenticated',
      access: 'read',
      query: z.object(pageFields),
      replies: { 200: { description: 'A page of sessions', schema: pageSchema(sessionSchema) } },
      errors: ['invalid-cursor'],
      handle: (work, actor, { query }) => listSessions(work, actor, toPageRequest(query)),
      reply: (page) => ok(presentPage(page, presentSession)),
    }),
    endpoint({
      method: 'delete',
      path: '/auth/sessions/{session_id}',
      operationId: 'endSession',
      tag,
      summary: 'End one of my sessions',
      description: 'Its tokens stop working here at once, and within 5 seconds everywhere.',
      role: 'authenticated',
      access: 'write',
      audit: { action: 'session.end', entityType: 'session', entityIdParam: 'session_id' },
      params: z.object({ session_id: uuid }),
      replies: { 204: { description: 'The session has ended' } },
      errors: ['session-not-found'],
      handle: (work, actor, { params }) => endSession(work, actor, params.session_id),
      reply: () => noContent(),
    }),
    waitingEndpoint({
      method: 'post',
      path: '/auth/password',
      operationId: 'changePassword',
      tag,
      summary: 'Change my password',
      description: 'Ends all other sessions of the account. A wrong old password ends nothing.',
      role: 'authenticated',
      audit: { action: 'user.change-password', entityType: 'user' },
      body: changePasswordBody,
      bodyExamples: {
        passphrase: { old_password: 'correct horse battery staple', new_password: 'a lighthouse in the rain' },
      },
      replies: { 204: { description: 'The new password is good from now on' } },
      errors: ['wrong-password', 'too-many-logins'],
      handle: (units, actor, { body }) =>
        changePassword(units, actor, { oldPassword: body.old_password, newPassword: body.new_password }),
      reply: () => noContent(),
    }),
  ];
}
