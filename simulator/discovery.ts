import { z } from 'zod';

import { type Answer, ok } from './answer.js';
import { type Collection, collections, type EntityPath, type RelationName } from './car-model.js';
import type { Entity, HostVehicle } from './entity.js';
import { withSchema } from './json-schema.js';
import { resourceNotFound } from './sovd-error.js';
import { byMethod, type SovdRequest } from './sovd-request.js';
import type { Vehicle } from './vehicle.js';

const entityListShape = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      translation_id: z.string(),
      href: z.string(),
      tags: z.array(z.string()).optional(),
    }),
  ),
});
const versionInfoShape = z.object({
  sovd_info: z.array(z.object({ version: z.string(), base_uri: z.url(), vendor_info: z.object({}).loose() })),
});

/** Which SOVD versions the vehicle speaks, and where. */
export function answerVersionInfo(vehicle: Vehicle, request: SovdRequest): Answer {
  const vendor = { name: 'sovd-fleet simulator', version: '1.0', vin: vehicle.vin };
  const body = { sovd_info: [{ version: '1.1.0', base_uri: vehicle.baseUrl, vendor_info: vendor }] };
  return byMethod(request, { GET: () => ok(withSchema(request, body, versionInfoShape)) });
}

/** The root of the versioned base: links to the four collections. */
export function answerRoot(vehicle: Vehicle, request: SovdRequest): Answer {
  const links = collections.map((collection) => [collection, `${vehicle.basePath}/${collection}`]);
  return byMethod(request, { GET: () => ok(Object.fromEntries(links)) });
}

/** All areas, components, apps or functions of the vehicle. */
export function answerEntities(vehicle: Vehicle, request: SovdRequest, collection: Collection): Answer {
  const tags = request.query.getAll('tags');
  const items = [...vehicle.entities]
    .filter((entity) => entity.model.path.startsWith(`${collection}/`))
    .filter((entity) => tags.length === 0 || tags.some((tag) => entity.model.tags?.includes(tag)))
    .map(reference);
  return byMethod(request, { GET: () => ok(withSchema(request, { items }, entityListShape)) });
}

/** One entity with a link for each collection that it offers. */
export function answerEntity(entity: Entity, request: SovdRequest): Answer {
  return byMethod(request, { GET: () => ok(withSchema(request, detail(entity), () => ({ type: 'object' }))) });
}

/** The entities that one entity points to, such as the subcomponents of a component. */
export function answerRelation(
  entity: Entity,
  request: SovdRequest,
  relation: RelationName,
  rest: readonly string[],
): Answer {
  const related = entity.model.relations?.[relation];
  if (related === undefined || rest.length > 0) throw resourceNotFound(`${entity.model.path}/${relation}`);
  const items = related.flatMap((path) => referenceTo(entity.vehicle, path));
  return byMethod(request, { GET: () => ok(withSchema(request, { items }, entityListShape)) });
}

function referenceTo(vehicle: HostVehicle, path: EntityPath): readonly object[] {
  const entity = vehicle.entity(path);
  return entity === undefined ? [] : [reference(entity)];
}

function reference(entity: Entity): object {
  const { model } = entity;
  return {
    id: entity.id,
    name: model.name,
    translation_id: `entity.${entity.id}`,
    href: entity.href,
    ...(model.tags && { tags: model.tags }),
  };
}

function detail(entity: Entity): object {
  const { model } = entity;
  const offered = [
    ...(model.data ? ['data', 'data-lists'] : []),
    ...(model.faults ? ['faults'] : []),
    ...(model.operations ? ['operations'] : []),
    ...(model.modes ? ['modes'] : []),
    ...(model.lockable ? ['locks'] : []),
    ...Object.keys(model.relations ?? {}),
  ];
  return {
    id: entity.id,
    name: model.name,
    translation_id: `entity.${entity.id}`,
    ...(model.variant && { variant: model.variant }),
    ...(model.tags && { tags: model.tags }),
    ...Object.fromEntries(offered.map((link) => [link, `${entity.href}/${link}`])),
  };
}
