import { z } from 'zod';

import { requireFleet } from '#application/access/visibility.js';
import type { createFleet } from '#application/fleets/create-fleet.js';
import { listFleets } from '#application/fleets/list-fleets.js';
import type { renameFleet } from '#application/fleets/rename-fleet.js';

import { endpoint, type Endpoint } from '../endpoint.js';
import { created, ok } from '../reply.js';
import { changeFleetBody, createFleetBody, fleetSchema, presentFleet } from '../schemas/fleet-schemas.js';
import { pageFields, pageSchema, presentPage, toPageRequest } from '../schemas/page-schemas.js';
import { uuid } from '../schemas/plain-text.js';
import { memberRoutes, type MemberRoutesDependencies } from './member-routes.js';

/** The use cases behind these routes. */
export interface FleetRoutesDependencies extends MemberRoutesDependencies {
  readonly createFleet: ReturnType<typeof createFleet>;
  readonly renameFleet: ReturnType<typeof renameFleet>;
}

const tag = 'Fleets';
const params = z.object({ fleet_id: uuid });

/** Fleets and their members. */
export function fleetRoutes(dependencies: FleetRoutesDependencies): readonly Endpoint[] {
  const { createFleet, renameFleet } = dependencies;
  return [
    endpoint({
      method: 'get',
      path: '/fleets',
      operationId: 'listFleets',
      tag,
      summary: 'List fleets',
      description: 'Newest first: for an admin all of them, for others those that they are a member of.',
      role: 'viewer',
      access: 'read',
      query: z.object(pageFields),
      replies: { 200: { description: 'A page of fleets', schema: pageSchema(fleetSchema) } },
      errors: ['invalid-cursor'],
      handle: (work, actor, { query }) => listFleets(work, actor, toPageRequest(query)),
      reply: (page) => ok(presentPage(page, presentFleet)),
    }),
    endpoint({
      method: 'post',
      path: '/fleets',
      operationId: 'createFleet',
      tag,
      summary: 'Make a fleet',
      role: 'admin',
      access: 'write',
      audit: { action: 'fleet.create', entityType: 'fleet' },
      body: createFleetBody,
      bodyExamples: { prototypes: { name: 'prototypes' } },
      replies: { 201: { description: 'The fleet', schema: fleetSchema, headers: { Location: 'Path of the fleet' } } },
      errors: ['fleet-name-taken'],
      handle: (work, actor, { body }) => createFleet(work, actor, body.name),
      reply: (fleet) => created(presentFleet({ item: fleet, memberRole: undefined }), `/api/v1/fleets/${fleet.id}`),
    }),
    endpoint({
      method: 'get',
      path: '/fleets/{fleet_id}',
      operationId: 'showFleet',
      tag,
      summary: 'Show a fleet',
      role: 'viewer',
      access: 'read',
      params,
      replies: { 200: { description: 'The fleet', schema: fleetSchema } },
      errors: ['fleet-not-found'],
      handle: (work, actor, { params: { fleet_id: id } }) => requireFleet(work, actor, id),
      reply: (fleet) => ok(presentFleet(fleet)),
    }),
    endpoint({
      method: 'patch',
      path: '/fleets/{fleet_id}',
      operationId: 'changeFleet',
      tag,
      summary: 'Rename a fleet',
      role: 'admin',
      access: 'write',
      audit: { action: 'fleet.change', entityType: 'fleet', entityIdParam: 'fleet_id' },
      params,
      body: changeFleetBody,
      bodyExamples: { renamed: { name: 'prototypes 2026' } },
      replies: { 200: { description: 'The fleet as it is now', schema: fleetSchema } },
      errors: ['fleet-not-found', 'fleet-name-taken'],
      handle: (work, actor, { params: { fleet_id: id }, body }) => renameFleet(work, actor, id, body.name),
      reply: (fleet) => ok(presentFleet({ item: fleet, memberRole: undefined })),
    }),
    ...memberRoutes(dependencies),
  ];
}
