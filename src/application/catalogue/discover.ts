import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.js';
import type { VehicleResponse } from '../domain/response.js';
import { entityCollections, entityPath, isEntityName, sovdPath } from '../domain/sovd/entity.js';
import { readOffers, readReferences, subCollections, type Reference } from '../domain/sovd/entity-document.js';
import type { VehicleExchange } from '../domain/sovd/exchange.js';
import { definedOnly, textOf } from '../domain/sovd/list-document.js';
import { entity } from './sovd-parameters.js';
import { askOnce } from './vehicle-answers.js';

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
  description: 'Finds the entities of the vehicle and what each offers, with the ids of its data items and operations.',
  parameters,
  example: {},
  safety: 'safe',
  role: 'engineer',
  requests: ['GET {collection}', 'GET {entity}', 'GET {entity}/data', 'GET {entity}/operations'],
  run,
};

async function* run(wanted: Parameters, exchange: VehicleExchange): AsyncGenerator<VehicleResponse, void, undefined> {
  const queue = new Set<string>();
  let refusal: VehicleResponse | undefined;
  if (wanted.entity !== undefined) queue.add(wanted.entity);
  for (const collection of wanted.entity === undefined ? entityCollections : []) {
    const found = await listEntities(exchange, sovdPath(collection), collection, true);
    if (found.kind === 'refused') refusal ??= found.response;
    else for (const name of found.names) queue.add(name);
  }
  if (queue.size === 0) {
    yield refusal ?? (await emptyVehicle(exchange));
    return;
  }
  const seen = new Set<string>();
  // A Set goes on over what is added meanwhile, so sub-entities join the end of the walk.
  for (const name of queue) {
    seen.add(name);
    const response = await describe(exchange, name, queue);
    yield { ...response, isFinal: seen.size === queue.size || seen.size === maxEntities };
    if (seen.size === maxEntities) return;
  }
}

type Found =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly response: VehicleResponse };

async function listEntities(
  exchange: VehicleExchange,
  path: string,
  collection: string,
  mayRetry: boolean,
): Promise<Found> {
  const { response, references } = await listReferences(exchange, path, mayRetry);
  if (notOfferedStatuses.has(response.payload.status)) return { kind: 'names', names: [] };
  if (response.refusal !== undefined) return { kind: 'refused', response };
  const names = references.map(({ id }) => `${collection}/${id}`).filter(isEntityName);
  return { kind: 'names', names };
}

/** A vehicle that has no entities at all is told by the list of its components. */
async function emptyVehicle(exchange: VehicleExchange): Promise<VehicleResponse> {
  const { response } = await listReferences(exchange, 'components', true);
  return { ...response, isFinal: true };
}

async function describe(exchange: VehicleExchange, name: string, queue: Set<string>): Promise<VehicleResponse> {
  let document: JsonObject = {};
  const response = await askOnce(
    exchange,
    { method: 'GET', path: entityPath(name) },
    {
      safety: 'safe',
      subject: name,
      isFinal: true,
      mayRetry: false,
      read: (body) => {
        if (!isJsonObject(body)) return undefined;
        document = body;
        return {};
      },
    },
  );
  if (response.refusal !== undefined) return response;
  for (const [link, collection] of subCollections) {
    if (document[link] === undefined) continue;
    const found = await listEntities(exchange, entityPath(name, link), collection, false);
    if (found.kind === 'names') for (const sub of found.names) queue.add(sub);
  }
  const offers = readOffers(document);
  const data = offers.includes('data') ? await listIds(exchange, entityPath(name, 'data')) : undefined;
  const operations = offers.includes('operations')
    ? await listIds(exchange, entityPath(name, 'operations'))
    : undefined;
  const result = definedOnly({
    entity: name,
    name: textOf(document, 'name'),
    offers,
    variant: document['variant'],
    data,
    operations,
  });
  return { ...response, payload: { ...response.payload, result } };
}

async function listIds(exchange: VehicleExchange, path: string): Promise<Json | undefined> {
  const { response, references } = await listReferences(exchange, path, false);
  if (response.refusal !== undefined) return undefined;
  return references.map(({ id, name }) => definedOnly({ id, name }));
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
