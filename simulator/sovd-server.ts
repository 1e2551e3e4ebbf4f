import type { Answer } from './answer.js';
import { type Collection, collections, type EntityModel, relationNames } from './car-model.js';
import { answerSubscriptions } from './cyclic-subscriptions.js';
import { answerData, answerDataCategories, answerDataGroups } from './data.js';
import { answerDataLists } from './data-lists.js';
import { answerEntities, answerEntity, answerRelation, answerRoot, answerVersionInfo } from './discovery.js';
import type { Entity } from './entity.js';
import { answerFaults } from './faults.js';
import { answerLocks } from './locks.js';
import { answerModes } from './modes.js';
import { answerOperations } from './operations.js';
import { entityNotFound, notImplemented, resourceNotFound, SovdError } from './sovd-error.js';
import type { SovdRequest } from './sovd-request.js';
import type { Vehicle } from './vehicle.js';

interface Resource {
  /** What an entity must have for this resource to exist there. */
  readonly needs: keyof EntityModel;
  readonly answer: (entity: Entity, request: SovdRequest, rest: readonly string[]) => Answer;
}

const resources: ReadonlyMap<string, Resource> = new Map<string, Resource>([
  ['data', { needs: 'data', answer: answerData }],
  ['data-categories', { needs: 'data', answer: answerDataCategories }],
  ['data-groups', { needs: 'data', answer: answerDataGroups }],
  ['data-lists', { needs: 'data', answer: answerDataLists }],
  ['cyclic-subscriptions', { needs: 'data', answer: answerSubscriptions }],
  ['faults', { needs: 'faults', answer: answerFaults }],
  ['operations', { needs: 'operations', answer: answerOperations }],
  ['modes', { needs: 'modes', answer: answerModes }],
  ['locks', { needs: 'lockable', answer: answerLocks }],
]);

/** What SOVD has below an entity and these cars don't. */
const unsupported: ReadonlySet<string> = new Set([
  'configurations',
  'bulk-data',
  'scripts',
  'logs',
  'triggers',
  'communication-logs',
  'clear-data',
  'status',
  'docs',
]);

/** The SOVD server of one vehicle: every request gets an answer; refusals are answers too. */
export function answerSovd(vehicle: Vehicle, request: SovdRequest): Answer {
  try {
    return route(vehicle, request);
  } catch (error) {
    if (error instanceof SovdError) {
      return { status: error.status, headers: error.headers, body: error.body, changed: false };
    }
    throw error;
  }
}

function route(vehicle: Vehicle, request: SovdRequest): Answer {
  const [collection, id, resource, ...rest] = request.segments;
  if (collection === undefined) return answerRoot(vehicle, request);
  if (collection === 'version-info' && id === undefined) return answerVersionInfo(vehicle, request);
  if (collection === 'updates' || collection === 'docs') throw notImplemented(collection);
  if (!isCollection(collection)) throw resourceNotFound(request.segments.join('/'));
  if (id === undefined) return answerEntities(vehicle, request, collection);
  const entity = vehicle.entity(`${collection}/${id}`);
  if (entity === undefined) throw entityNotFound(`${collection}/${id}`);
  return resource === undefined ? answerEntity(entity, request) : answerResource(entity, request, resource, rest);
}

function answerResource(entity: Entity, request: SovdRequest, name: string, rest: readonly string[]): Answer {
  const resource = resources.get(name);
  if (resource !== undefined && entity.model[resource.needs] !== undefined) {
    return resource.answer(entity, request, rest);
  }
  const relation = relationNames.find((candidate) => candidate === name);
  if (relation !== undefined) return answerRelation(entity, request, relation, rest);
  if (unsupported.has(name)) throw notImplemented(name);
  throw resourceNotFound(`${entity.model.path}/${name}`);
}

function isCollection(name: string): name is Collection {
  return (collections as readonly string[]).includes(name);
}
