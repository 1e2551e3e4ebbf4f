import { z } from 'zod';

import { requireVehicle, requireVehicleStatus } from '#application/access/visibility.js';
import { defaultFleetId } from '#application/domain/fleet.js';
import type { changeVehicle } from '#application/vehicles/change-vehicle.js';
import { listVehicles } from '#application/vehicles/list-vehicles.js';
import type { registerVehicle } from '#application/vehicles/register-vehicle.js';
import type { retireVehicle } from '#application/vehicles/retire-vehicle.js';

import { endpoint, type Endpoint } from '../endpoint.js';
import { created, noContent, ok } from '../reply.js';
import { pageFields, pageSchema, presentPage, toPageRequest } from '../schemas/page-schemas.js';
import { uuid } from '../schemas/plain-text.js';
import {
  changeVehicleBody,
  presentVehicle,
  presentVehicleStatus,
  registerVehicleBody,
  toVehicleFilter,
  vehicleFilterQuery,
  vehicleSchema,
  vehicleStatusSchema,
  withoutTrailingSlashes,
} from '../schemas/vehicle-schemas.js';

/** The use cases behind these routes. */
export interface VehicleRoutesDependencies {
  readonly registerVehicle: ReturnType<typeof registerVehicle>;
  readonly changeVehicle: ReturnType<typeof changeVehicle>;
  readonly retireVehicle: ReturnType<typeof retireVehicle>;
}

const tag = 'Vehicles';
const params = z.object({ vehicle_id: uuid });

/** The registry of vehicles. */
export function vehicleRoutes(dependencies: VehicleRoutesDependencies): readonly Endpoint[] {
  const { registerVehicle, changeVehicle, retireVehicle } = dependencies;
  return [
    endpoint({
      method: 'get',
      path: '/vehicles',
      operationId: 'listVehicles',
      tag,
      summary: 'List vehicles',
      description: 'Newest first. Retired vehicles are left out unless they are asked for.',
      role: 'viewer',
      access: 'read',
      query: z.object({ ...pageFields, ...vehicleFilterQuery.shape }),
      replies: { 200: { description: 'A page of vehicles', schema: pageSchema(vehicleSchema) } },
      errors: ['invalid-cursor'],
      handle: (work, actor, { query }) => listVehicles(work, actor, toVehicleFilter(query), toPageRequest(query)),
      reply: (page) => ok(presentPage(page, presentVehicle)),
    }),
    endpoint({
      method: 'post',
      path: '/vehicles',
      operationId: 'registerVehicle',
      tag,
      summary: 'Register a vehicle',
      role: 'admin',
      access: 'write',
      audit: { action: 'vehicle.register', entityType: 'vehicle' },
      body: registerVehicleBody,
      bodyExamples: {
        car: {
          vin: 'WVWZZZ1JZXW000001',
          make: 'Volkswagen',
          model: 'Golf',
          model_year: 2024,
          sovd_base_url: 'https://car-17.example/sovd/v1',
        },
      },
      replies: {
        201: { description: 'The vehicle', schema: vehicleSchema, headers: { Location: 'Path of the vehicle' } },
      },
      errors: ['vin-taken', 'fleet-not-found'],
      handle: (work, actor, { body }) =>
        registerVehicle(work, actor, {
          vin: body.vin,
          make: body.make,
          model: body.model,
          modelYear: body.model_year,
          sovdBaseUrl: withoutTrailingSlashes(body.sovd_base_url),
          metadata: body.metadata ?? {},
          fleetId: body.fleet_id ?? defaultFleetId,
        }),
      reply: (vehicle) => created(presentVehicle(vehicle), `/api/v1/vehicles/${vehicle.id}`),
    }),
    endpoint({
      method: 'get',
      path: '/vehicles/{vehicle_id}',
      operationId: 'showVehicle',
      tag,
      summary: 'Show a vehicle',
      role: 'viewer',
      access: 'read',
      audit: { action: 'vehicle.read', entityType: 'vehicle', entityIdParam: 'vehicle_id' },
      params,
      replies: { 200: { description: 'The vehicle', schema: vehicleSchema } },
      errors: ['vehicle-not-found'],
      handle: (work, actor, { params: { vehicle_id: id } }) => requireVehicle(work, actor, id),
      reply: (vehicle) => ok(presentVehicle(vehicle)),
    }),
    endpoint({
      method: 'get',
      path: '/vehicles/{vehicle_id}/status',
      operationId: 'showVehicleStatus',
      tag,
      summary: "Show a vehicle's status",
      description:
        'Whether it can be reached, how much waits for it, and how its last command went. A vehicle that nobody orders anything from is asked from time to time whether it is there.',
      role: 'viewer',
      access: 'read',
      audit: { action: 'vehicle.read', entityType: 'vehicle', entityIdParam: 'vehicle_id' },
      params,
      replies: { 200: { description: 'The status', schema: vehicleStatusSchema } },
      errors: ['vehicle-not-found'],
      handle: (work, actor, { params: { vehicle_id: id } }) => requireVehicleStatus(work, actor, id),
      reply: (status) => ok(presentVehicleStatus(status)),
    }),
    endpoint({
      method: 'patch',
      path: '/vehicles/{vehicle_id}',
      operationId: 'changeVehicle',
      tag,
      summary: 'Change a vehicle',
      description:
        'Changes the fields that are named. The VIN stays: another VIN is another vehicle. In another fleet it is seen, with all of its commands, by the members of that one.',
      role: 'admin',
      access: 'write',
      audit: { action: 'vehicle.change', entityType: 'vehicle', entityIdParam: 'vehicle_id' },
      params,
      body: changeVehicleBody,
      bodyExamples: { moved: { sovd_base_url: 'https://car-17.example/sovd/v2' } },
      replies: { 200: { description: 'The vehicle as it is now', schema: vehicleSchema } },
      errors: ['vehicle-not-found', 'fleet-not-found', 'vehicle-retired', 'changed-meanwhile'],
      handle: (work, actor, { params: { vehicle_id: id }, body }) =>
        changeVehicle(work, actor, id, {
          ...(body.make === undefined ? {} : { make: body.make }),
          ...(body.model === undefined ? {} : { model: body.model }),
          ...(body.model_year === undefined ? {} : { modelYear: body.model_year }),
          ...(body.sovd_base_url === undefined ? {} : { sovdBaseUrl: withoutTrailingSlashes(body.sovd_base_url) }),
          ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
          ...(body.fleet_id === undefined ? {} : { fleetId: body.fleet_id }),
        }),
      reply: (vehicle) => ok(presentVehicle(vehicle)),
    }),
    endpoint({
      method: 'delete',
      path: '/vehicles/{vehicle_id}',
      operationId: 'retireVehicle',
      tag,
      summary: 'Retire a vehicle',
      description: 'Takes it out of service. It takes no more commands, and its history stays.',
      role: 'admin',
      access: 'write',
      audit: { action: 'vehicle.retire', entityType: 'vehicle', entityIdParam: 'vehicle_id' },
      params,
      replies: { 204: { description: 'The vehicle is retired' } },
      errors: ['vehicle-not-found', 'changed-meanwhile'],
      handle: (work, actor, { params: { vehicle_id: id } }) => retireVehicle(work, actor, id),
      reply: () => noContent(),
    }),
  ];
}
