import type { Clock } from '#application/ports/clock.js';
import type { logIn } from '#application/sessions/log-in.js';
import type { refreshSession } from '#application/sessions/refresh-session.js';
import { showAccount } from '#application/sessions/show-account.js';

import { endpoint, waitingEndpoint, type Endpoint } from '../endpoint.js';
import { ok } from '../reply.js';
import {
  accountSchema,
  grantSchema,
  logInBody,
  presentAccount,
  presentGrant,
  refreshBody,
} from '../schemas/account-schemas.js';

/** The use cases behind these routes. */
export interface AccountRoutesDependencies {
  readonly logIn: ReturnType<typeof logIn>;
  readonly refreshSession: ReturnType<typeof refreshSession>;
  readonly clock: Clock;
}

/** Login, refresh, and who I am. */
export function accountRoutes(dependencies: AccountRoutesDependencies): readonly Endpoint[] {
  const { logIn, refreshSession, clock } = dependencies;
  return [
    waitingEndpoint({
      method: 'post',
      path: '/auth/login',
      operationId: 'logIn',
      tag: 'Accounts',
      summary: 'Log in',
      description: 'Gives an access token and a refresh token. Failed attempts are audited.',
      role: 'anonymous',
      body: logInBody,
      bodyExamples: { engineer: { username: 'engineer', password: 'correct horse battery staple' } },
      replies: { 200: { description: 'The tokens of a new session', schema: grantSchema } },
      errors: ['invalid-credentials', 'too-many-logins', 'overloaded'],
      handle: (units, { origin }, { body }) => logIn(units, origin, body),
      reply: (grant) => ok(presentGrant(grant, clock.now())),
    }),
    waitingEndpoint({
      method: 'post',
      path: '/auth/refresh',
      operationId: 'refreshSession',
      tag: 'Accounts',
      summary: 'Get new tokens',
      description:
        'A refresh token works once. Using it a second time ends the session, since one of the two was a thief.',
      role: 'anonymous',
      body: refreshBody,
      bodyExamples: { refresh: { refresh_token: 'the-refresh-token-of-the-last-answer' } },
      replies: { 200: { description: 'New tokens of the same session', schema: grantSchema } },
      errors: ['invalid-refresh-token'],
      handle: (units, { origin }, { body }) => refreshSession(units, origin, body.refresh_token),
      reply: (grant) => ok(presentGrant(grant, clock.now())),
    }),
    endpoint({
      method: 'get',
      path: '/auth/me',
      operationId: 'showAccount',
      tag: 'Accounts',
      summary: 'Show my account',
      role: 'authenticated',
      access: 'read',
      replies: { 200: { description: 'The account of the access token', schema: accountSchema } },
      handle: (work, actor) => showAccount(work, actor),
      reply: (account) => ok(presentAccount(account)),
    }),
  ];
}
