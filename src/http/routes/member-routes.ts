import { z } from 'zod';

import { listMembers } from '#application/fleets/list-members.js';
import type { removeMember } from '#application/fleets/remove-member.js';
import type { setMember } from '#application/fleets/set-member.js';

import { endpoint, type Endpoint } from '../endpoint.js';
import { noContent, ok } from '../reply.js';
import { memberSchema, presentMember, setMemberBody } from '../schemas/fleet-schemas.js';
import { pageFields, pageSchema, presentPage, toPageRequest } from '../schemas/page-schemas.js';
import { uuid } from '../schemas/plain-text.js';

/** The use cases behind these routes. */
export interface MemberRoutesDependencies {
  readonly setMember: ReturnType<typeof setMember>;
  readonly removeMember: ReturnType<typeof removeMember>;
}

const tag = 'Fleets';
const params = z.object({ fleet_id: uuid, user_id: uuid });

/** Who works with the vehicles of a fleet. */
export function memberRoutes({ setMember, removeMember }: MemberRoutesDependencies): readonly Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/fleets/{fleet_id}/members',
      operationId: 'listMembers',
      tag,
      summary: 'List the members of a fleet',
      description: 'Newest first, memberships that have ended too.',
      role: 'admin',
      access: 'read',
      audit: { action: 'fleet.list-members', entityType: 'fleet', entityIdParam: 'fleet_id' },
      params: z.object({ fleet_id: uuid }),
      query: z.object(pageFields),
      replies: { 200: { description: 'A page of members', schema: pageSchema(memberSchema) } },
      errors: ['fleet-not-found', 'invalid-cursor'],
      handle: (work, actor, { params: { fleet_id: id }, query }) => listMembers(work, actor, id, toPageRequest(query)),
      reply: (page) => ok(presentPage(page, presentMember)),
    }),
    endpoint({
      method: 'put',
      path: '/fleets/{fleet_id}/members/{user_id}',
      operationId: 'setMember',
      tag,
      summary: 'Make somebody a member of a fleet',
      description:
        'Or change what the membership says. It gives no more than the role of the account; an admin needs none.',
      role: 'admin',
      access: 'write',
      audit: { action: 'fleet.member-set', entityType: 'fleet', entityIdParam: 'fleet_id' },
      params,
      body: setMemberBody,
      bodyExamples: {
        engineer: { role: 'engineer' },
        'some-weeks': { role: 'viewer', until: '2036-01-31T12:00:00Z' },
      },
      replies: { 200: { description: 'The membership', schema: memberSchema } },
      errors: ['fleet-not-found', 'user-not-found'],
      handle: (work, actor, { params: { fleet_id: fleetId, user_id: userId }, body }) =>
        setMember(work, actor, {
          fleetId,
          userId,
          role: body.role,
          until: body.until === undefined || body.until === null ? undefined : new Date(body.until),
        }),
      reply: (member) => ok(presentMember(member)),
    }),
    endpoint({
      method: 'delete',
      path: '/fleets/{fleet_id}/members/{user_id}',
      operationId: 'removeMember',
      tag,
      summary: 'End a membership',
      description: 'What the member has ordered and what has not started is cancelled when its turn comes.',
      role: 'admin',
      access: 'write',
      audit: { action: 'fleet.member-removed', entityType: 'fleet', entityIdParam: 'fleet_id' },
      params,
      replies: { 204: { description: 'The user is no member (any more)' } },
      errors: ['fleet-not-found', 'user-not-found'],
      handle: (work, actor, { params: { fleet_id: fleetId, user_id: userId } }) =>
        removeMember(work, actor, fleetId, userId),
      reply: () => noContent(),
    }),
  ];
}
