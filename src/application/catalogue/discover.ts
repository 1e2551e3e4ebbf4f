import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.js';
import type { VehicleResponse } from '../domain/response.js';
import { readVersions } from '../domain/sovd/discovery-versions.js';
import { entityCollections, entityPath, isEntityName, sovdPath } from '../domain/sovd/entity.js';
import { hasLink, readOffers, readReferences, subCollections, type Reference } from '../domain/sovd/entity-document.js';
import type { VehicleExchange } from '../domain/sovd/exchange.js';
import { definedOnly, textOf } from '../domain/sovd/list-document.js';
import { EntityQueue } from './entity-queue.js';
import { entity, isAddressable } from './sovd-parameters.js';
import { askOnce } from './vehicle-answers.js';

/** A vehicle has some hundred entities at the most; one with more is broken, or has no end. */
const maxEntities = 1000;

/** By these statuses a server says that it has no such collection. */
const notOfferedStatuses = new Set([404, 405, 501]);

const parameters = z.strictObject({
  entity: entity.optional().describe('Only this entity and those below it; the whole vehicle when absent.'),
});

type Parameters = z.output<typeof parameters>;

/** Walks the vehicle's own discovery (SOVD, discovery), a response per entity. */
export const discover: CommandType<Parameters> = {
  name: 'discover',
  title: 'Discover entities',
  description:
    'Finds the entities of the vehicle and what each offers, with the ids of its data items and operations. A response per entity; the first one tells the SOVD versions, where the vehicle does. A list that the vehicle refuses is a response too.',
  parameters,
  example: {},
  safety: 'safe',
  role: 'engineer',
  requests: [
    'GET version-info',
    'GET {collection}',
    'GET {entity}',
    'GET {entity}/subareas',
    'GET {entity}/subcomponents',
    'GET {entity}/data',
    'GET {entity}/operations',
  ],
  run,
};

async function* run(wanted: Parameters, exchange: VehicleExchange): AsyncGenerator<VehicleResponse, void, undefined> {
  const queue = new EntityQueue();
  if (wanted.entity === undefined) {
    const opening = await listVehicle(exchange, queue);
    yield* marked(opening, queue.isEmpty);
  } else {
    queue.addListed([wanted.entity]);
  }
  for (let name = queue.next(); name !== undefined; name = queue.next()) {
    // With a single entity nothing was asked before it, and a refusal for now is worth another try.
    const responses = await describe(exchange, name, queue, name === wanted.entity);
    const isAtLimit = queue.visitedCount === maxEntities && !queue.isEmpty;
    yield* marked(isAtLimit ? cutOff(responses) : responses, isAtLimit || queue.isEmpty);
    if (isAtLimit) return;
  }
}

/** Responses of which the last one may be the final one of the command. */
function marked(responses: readonly VehicleResponse[], isEnd: boolean): readonly VehicleResponse[] {
  return responses.map((response, index) => ({ ...response, isFinal: isEnd && index === responses.length - 1 }));
}

/** The last entity that is looked at carries that there are more: the walk is not complete. */
function cutOff(responses: readonly VehicleResponse[]): readonly VehicleResponse[] {
  const message = `The vehicle has more than ${maxEntities} entities; the others were not looked at.`;
  const refusal = { code: 'too-many-responses', message } as const;
  return responses.map((response, index) => (index === 0 ? { ...response, refusal } : response));
}

/** Puts the entities of all collections into the queue. What is left to tell of that: versions, and lists that failed. */
async function listVehicle(exchange: VehicleExchange, queue: EntityQueue): Promise<readonly VehicleResponse[]> {
  const responses: VehicleResponse[] = [];
  const versions = await askForVersions(exchange);
  if (versions !== undefined) responses.push(versions);
  let components: VehicleResponse | undefined;
  let hasAnswered = false;
  for (const collection of entityCollections) {
    const list = await listEntities(exchange, sovdPath(collection), collection, !hasAnswered);
    queue.addListed(list.names);
    if (isTrouble(list.response)) responses.push(list.response);
    hasAnswered ||= list.response.refusal === undefined || isTrouble(list.response);
    if (collection === 'components') components = list.response;
  }
  // That a vehicle has no entities is told by the list of its components.
  if (queue.isEmpty && components !== undefined && !responses.includes(components)) responses.push(components);
  return responses;
}

/** The versions that the vehicle tells of. They are good to know and no more, so whatever else it says is passed over. */
async function askForVersions(exchange: VehicleExchange): Promise<VehicleResponse | undefined> {
  const response = await askOnce(
    exchange,
    { method: 'GET', path: 'version-info' },
    {
      safety: 'safe',
      subject: 'version-info',
      isFinal: false,
      mayRetry: false,
      read: (document) => {
        const versions = readVersions(document);
        return versions === undefined ? undefined : { versions };
      },
    },
  );
  return response.refusal === undefined ? response : undefined;
}

/** An entity and what it offers, and after it the lists below it that failed; sub-entities go into the queue. */
async function describe(
  exchange: VehicleExchange,
  name: string,
  queue: EntityQueue,
  mayRetry: boolean,
): Promise<readonly VehicleResponse[]> {
  let document: JsonObject = {};
  const response = await askOnce(
    exchange,
    { method: 'GET', path: entityPath(name) },
    {
      safety: 'safe',
      subject: name,
      isFinal: true,
      mayRetry,
      read: (body) => {
        if (!isJsonObject(body)) return undefined;
        document = body;
        return {};
      },
    },
  );
  if (response.refusal !== undefined) return [response];
  const lists: VehicleResponse[] = [];
  for (const [link, collection] of subCollections) {
    if (!hasLink(document, link)) continue;
    const list = await listEntities(exchange, entityPath(name, link), collection, false);
    queue.addBelow(list.names);
    lists.push(list.response);
  }
  const offers = readOffers(document);
  const listed: Record<string, Json> = {};
  for (const collection of ['data', 'operations'] as const) {
    if (!offers.includes(collection)) continue;
    const list = await listReferences(exchange, entityPath(name, collection), false);
    lists.push(list.response);
    if (list.response.refusal === undefined) {
      listed[collection] = list.references.map((item) => definedOnly({ id: item.id, name: item.name }));
    }
  }
  const { variant, tags } = document;
  const result = definedOnly({
    entity: name,
    name: textOf(document, 'name'),
    offers,
    variant: variant ?? undefined,
    tags: Array.isArray(tags) ? tags : undefined,
    ...listed,
  });
  return [{ ...response, payload: { ...response.payload, result } }, ...lists.filter(isTrouble)];
}

/** Whether a list failed; one that simply isn't offered has not. */
function isTrouble({ refusal, payload }: VehicleResponse): boolean {
  return refusal !== undefined && !notOfferedStatuses.has(payload.status);
}

/** The entities in a list, by their names. When some can't be addressed by their ids, the response says so. */
async function listEntities(
  exchange: VehicleExchange,
  path: string,
  collection: string,
  mayRetry: boolean,
): Promise<{ readonly response: VehicleResponse; readonly names: readonly string[] }> {
  const { response, references } = await listReferences(exchange, path, mayRetry);
  const names = references.map(({ id }) => `${collection}/${id}`);
  const addressable = names.filter((name) => isEntityName(name) && isAddressable(name));
  if (addressable.length === names.length) return { response, names };
  const message = 'The vehicle lists entities whose ids cannot stand in a path; these were not looked at.';
  return { response: { ...response, refusal: { code: 'vehicle-invalid-response', message } }, names: addressable };
}

async function listReferences(
  exchange: VehicleExchange,
  path: string,
  mayRetry: boolean,
): Promise<{ readonly response: VehicleResponse; readonly references: readonly Reference[] }> {
  let references: readonly Reference[] = [];
  const response = await askOnce(
    exchange,
    { method: 'GET', path },
    {
      safety: 'safe',
      subject: path,
      isFinal: true,
      mayRetry,
      read: (document) => {
        const found = readReferences(document);
        references = found ?? [];
        return found === undefined ? undefined : { count: found.length };
      },
    },
  );
  return { response, references };
}
