import { z } from 'zod';

import type { removeVehicleCredentials } from '#application/vehicles/remove-vehicle-credentials.js';
import type { setVehicleCredentials } from '#application/vehicles/set-vehicle-credentials.js';

import { endpoint, type Endpoint } from '../endpoint.js';
import { noContent, ok } from '../reply.js';
import { credentialsBody, toCredentials } from '../schemas/credential-schemas.js';
import { uuid } from '../schemas/plain-text.js';
import { presentVehicle, vehicleSchema } from '../schemas/vehicle-schemas.js';

/** The use cases behind these routes. */
export interface VehicleCredentialRoutesDependencies {
  readonly setVehicleCredentials: ReturnType<typeof setVehicleCredentials>;
  readonly removeVehicleCredentials: ReturnType<typeof removeVehicleCredentials>;
}

const tag = 'Vehicles';
const path = '/vehicles/{vehicle_id}/credentials';
const params = z.object({ vehicle_id: uuid });

/** What the service proves itself to vehicles with. It is set and taken away, and never shown. */
export function vehicleCredentialRoutes(dependencies: VehicleCredentialRoutesDependencies): readonly Endpoint[] {
  const { setVehicleCredentials, removeVehicleCredentials } = dependencies;
  return [
    endpoint({
      method: 'put',
      path,
      operationId: 'setVehicleCredentials',
      tag,
      summary: 'Set the credentials of a vehicle',
      description:
        'A bearer token or a client certificate, in the place of what was there. They are encrypted at rest, never shown, and ' +
        'sent only to the origin that the vehicle has now. They count from the next connection on.',
      role: 'admin',
      access: 'write',
      audit: { action: 'vehicle.set-credentials', entityType: 'vehicle', entityIdParam: 'vehicle_id' },
      params,
      body: credentialsBody,
      bodyExamples: { token: { kind: 'bearer', token: 'the-token-that-the-vehicle-expects' } },
      replies: { 200: { description: 'The vehicle as it is now', schema: vehicleSchema } },
      errors: ['vehicle-not-found', 'vehicle-retired', 'changed-meanwhile'],
      handle: (work, actor, { params: { vehicle_id: id }, body }) =>
        setVehicleCredentials(work, actor, id, toCredentials(body)),
      reply: (vehicle) => ok(presentVehicle(vehicle)),
    }),
    endpoint({
      method: 'delete',
      path,
      operationId: 'removeVehicleCredentials',
      tag,
      summary: 'Remove the credentials of a vehicle',
      description: 'Where there are none nothing changes.',
      role: 'admin',
      access: 'write',
      audit: { action: 'vehicle.remove-credentials', entityType: 'vehicle', entityIdParam: 'vehicle_id' },
      params,
      replies: { 204: { description: 'The vehicle has no credentials' } },
      errors: ['vehicle-not-found', 'changed-meanwhile'],
      handle: (work, actor, { params: { vehicle_id: id } }) => removeVehicleCredentials(work, actor, id),
      reply: () => noContent(),
    }),
  ];
}
