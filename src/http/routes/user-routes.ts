import { z } from 'zod';

import { roles } from '#application/domain/user.js';
import type { changeUser } from '#application/users/change-user.js';
import type { createUser } from '#application/users/create-user.js';
import { showUser } from '#application/users/show-user.js';

import { endpoint, waitingEndpoint, type Endpoint } from '../endpoint.js';
import { created, ok } from '../reply.js';
import { presentUser, userSchema } from '../schemas/account-schemas.js';
import { pageFields, pageSchema, presentPage, toPageRequest } from '../schemas/page-schemas.js';
import { lineOfText, uuid } from '../schemas/plain-text.js';
import { changeUserBody, createUserBody } from '../schemas/user-schemas.js';

/** The use cases behind these routes. */
export interface UserRoutesDependencies {
  readonly createUser: ReturnType<typeof createUser>;
  readonly changeUser: ReturnType<typeof changeUser>;
}

const tag = 'Users';
const params = z.object({ user_id: uuid });

/** The accounts of all people and programs, for administrators. */
export function userRoutes({ createUser, changeUser }: UserRoutesDependencies): readonly Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/users',
      operationId: 'listUsers',
      tag,
      summary: 'List users',
      description: 'Newest first, active or not.',
      role: 'admin',
      access: 'read',
      audit: { action: 'user.list', entityType: 'user' },
      query: z.object({
        ...pageFields,
        role: z.enum(roles).optional(),
        is_active: z
          .enum(['true', 'false'])
          .transform((text) => text === 'true')
          .optional(),
        q: lineOfText(1, 100).optional().meta({ description: 'Part of username or e-mail address.' }),
      }),
      replies: { 200: { description: 'A page of users', schema: pageSchema(userSchema) } },
      errors: ['invalid-cursor'],
      handle: (work, _actor, { query }) =>
        work.users.list(
          {
            ...(query.role === undefined ? {} : { role: query.role }),
            ...(query.is_active === undefined ? {} : { isActive: query.is_active }),
            ...(query.q === undefined ? {} : { text: query.q }),
          },
          toPageRequest(query),
        ),
      reply: (page) => ok(presentPage(page, presentUser)),
    }),
    waitingEndpoint({
      method: 'post',
      path: '/users',
      operationId: 'createUser',
      tag,
      summary: 'Create a user',
      description: 'With a first password, which the user changes with POST /auth/password.',
      role: 'admin',
      audit: { action: 'user.create', entityType: 'user' },
      body: createUserBody,
      bodyExamples: {
        engineer: {
          username: 'ada',
          email: 'ada@example.com',
          role: 'engineer',
          password: 'a lighthouse in the rain',
        },
      },
      replies: { 201: { description: 'The user', schema: userSchema, headers: { Location: 'Path of the user' } } },
      errors: ['username-taken', 'email-taken'],
      handle: (units, actor, { body }) => createUser(units, actor, body),
      reply: (user) => created(presentUser(user), `/api/v1/users/${user.id}`),
    }),
    endpoint({
      method: 'get',
      path: '/users/{user_id}',
      operationId: 'showUser',
      tag,
      summary: 'Show a user',
      role: 'admin',
      access: 'read',
      audit: { action: 'user.show', entityType: 'user', entityIdParam: 'user_id' },
      params,
      replies: { 200: { description: 'The user', schema: userSchema } },
      errors: ['user-not-found'],
      handle: (work, _actor, { params: { user_id: id } }) => showUser(work, id),
      reply: (user) => ok(presentUser(user)),
    }),
    waitingEndpoint({
      method: 'patch',
      path: '/users/{user_id}',
      operationId: 'changeUser',
      tag,
      summary: 'Change a user',
      description:
        'Changes the fields that are named. Another role takes effect here at once, and within 5 seconds everywhere; the ' +
        'user gets a new access token with the refresh token. A new password and a deactivation end all sessions.',
      role: 'admin',
      audit: { action: 'user.change', entityType: 'user', entityIdParam: 'user_id' },
      params,
      body: changeUserBody,
      bodyExamples: { promotion: { role: 'engineer' }, farewell: { is_active: false } },
      replies: { 200: { description: 'The user as it is now', schema: userSchema } },
      errors: ['user-not-found', 'email-taken', 'last-admin', 'changed-meanwhile'],
      handle: (units, actor, { params: { user_id: id }, body }) =>
        changeUser(units, actor, id, {
          ...(body.email === undefined ? {} : { email: body.email }),
          ...(body.role === undefined ? {} : { role: body.role }),
          ...(body.is_active === undefined ? {} : { isActive: body.is_active }),
          ...(body.password === undefined ? {} : { password: body.password }),
        }),
      reply: (user) => ok(presentUser(user)),
    }),
  ];
}
