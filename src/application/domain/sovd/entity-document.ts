import type { entityCollections } from './entity.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { textOf } from './list-document.js';

/** The collections that an entity can offer (SOVD, discovery: the links of an entity). */
const offerableCollections = [
  'data',
  'data-lists',
  'faults',
  'operations',
  'configurations',
  'bulk-data',
  'updates',
  'modes',
  'locks',
  'scripts',
  'logs',
  'triggers',
  'cyclic-subscriptions',
  'communication-logs',
  'clear-data',
  'status',
] as const;

/** Capabilities that a server tells as booleans, and the collection that each stands for. */
const capabilityCollections: Readonly<Record<string, string>> = {
  read_data: 'data',
  write_data: 'data',
  faults: 'faults',
  clear_faults: 'faults',
  operations: 'operations',
  sessions: 'modes',
  security: 'modes',
  logs: 'logs',
  subscriptions: 'cyclic-subscriptions',
};

/** A reference to something with an id and perhaps a name. */
export interface Reference {
  readonly id: string;
  readonly name: string | undefined;
}

/** The references of a list document, or undefined when it is none. Bare texts count as ids; what has no id is left out. */
export function readReferences(document: Json): readonly Reference[] | undefined {
  const list = isJsonObject(document) ? (document['items'] ?? document['value']) : document;
  if (!Array.isArray(list)) return undefined;
  return (list as readonly Json[]).flatMap((item) => {
    if (typeof item === 'string') return [{ id: item, name: undefined }];
    const id = isJsonObject(item) ? textOf(item, 'id') : undefined;
    return id === undefined || !isJsonObject(item) ? [] : [{ id, name: textOf(item, 'name') }];
  });
}

/**
 * The collections that an entity's document offers: those that it links to, and those of its capabilities, which servers
 * tell as booleans or as a list of names.
 */
export function readOffers(document: JsonObject): readonly string[] {
  const offers = new Set<string>();
  for (const collection of offerableCollections) {
    if (hasLink(document, collection) || hasLink(document, collection.replaceAll('-', '_'))) offers.add(collection);
  }
  const capabilities = document['capabilities'];
  if (isJsonObject(capabilities)) {
    for (const [name, collection] of Object.entries(capabilityCollections)) {
      if (capabilities[name] === true) offers.add(collection);
    }
  } else if (Array.isArray(capabilities)) {
    const names = (capabilities as readonly Json[]).map((one) => (isJsonObject(one) ? textOf(one, 'name', 'id') : one));
    for (const collection of offerableCollections) if (names.includes(collection)) offers.add(collection);
  }
  return [...offers];
}

/** Whether an entity's document links to something; null and false are as good as absent. */
export function hasLink(document: JsonObject, link: string): boolean {
  const target = document[link];
  return target !== undefined && target !== null && target !== false;
}

/** The collections of further entities below one: the collection in the path, and the collection that its items belong to. */
export const subCollections: readonly (readonly [link: string, collection: (typeof entityCollections)[number]])[] = [
  ['subareas', 'areas'],
  ['subcomponents', 'components'],
];
