import { createCatalogue } from '#application/catalogue/catalogue.js';
import type { Endpoint } from '#http/endpoint.js';
import { accountRoutes } from '#http/routes/account-routes.js';
import { auditRoutes } from '#http/routes/audit-routes.js';
import { commandRoutes } from '#http/routes/command-routes.js';
import { commandTypeRoutes } from '#http/routes/command-type-routes.js';
import { sessionRoutes } from '#http/routes/session-routes.js';
import { userRoutes } from '#http/routes/user-routes.js';
import { vehicleCredentialRoutes } from '#http/routes/vehicle-credential-routes.js';
import { statisticsRoutes } from '#http/routes/statistics-routes.js';
import { fleetRoutes } from '#http/routes/fleet-routes.js';
import { vehicleFileRoutes } from '#http/routes/vehicle-file-routes.js';
import { vehicleRoutes } from '#http/routes/vehicle-routes.js';

/** All routes as they are declared. Their use cases are missing: only what they say of themselves is of interest. */
export const declaredEndpoints: readonly Endpoint[] = [
  ...accountRoutes({} as Parameters<typeof accountRoutes>[0]),
  ...sessionRoutes({} as Parameters<typeof sessionRoutes>[0]),
  ...userRoutes({} as Parameters<typeof userRoutes>[0]),
  ...fleetRoutes({} as Parameters<typeof fleetRoutes>[0]),
  ...vehicleFileRoutes({} as Parameters<typeof vehicleFileRoutes>[0]),
  ...vehicleRoutes({} as Parameters<typeof vehicleRoutes>[0]),
  ...vehicleCredentialRoutes({} as Parameters<typeof vehicleCredentialRoutes>[0]),
  ...commandTypeRoutes(createCatalogue()),
  ...commandRoutes({ catalogue: createCatalogue() } as Parameters<typeof commandRoutes>[0]),
  ...statisticsRoutes({} as Parameters<typeof statisticsRoutes>[0]),
  ...auditRoutes({} as Parameters<typeof auditRoutes>[0]),
];

const someId = '0190c0de-0000-7000-8000-000000000000';

/** A path that a route answers, about something that does not exist. */
export function examplePath({ path }: Pick<Endpoint, 'path'>): string {
  return path.replaceAll(/\{(\w+)\}/gu, (_match, name: string) => (name.endsWith('_id') ? someId : 'no-such-thing'));
}
