import type { entityCollections } from './entity.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { listItems, textOf } from './list-document.js';

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

/** The references of a list document, or undefined when it is none. Bare texts count as ids. */
export function readReferences(document: Json): readonly Reference[] | undefined {
  const list = isJsonObject(document) ? (document['items'] ?? document['value']) : document;
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) {
    return (list as readonly string[]).map((id) => ({ id, name: undefined }));
  }
  return listItems(document)?.flatMap((item) => {
    const id = textOf(item, 'id');
    return id === undefined ? [] : [{ id, name: textOf(item, 'name') }];
  });
}

/** The collections that an entity's document offers, from its links and its capabilities. */
export function readOffers(document: JsonObject): readonly string[] {
  const offers = new Set<string>();
  for (const collection of offerableCollections) {
    const link = document[collection] ?? document[collection.replaceAll('-', '_')];
    if (link !== undefined && link !== null && link !== false) offers.add(collection);
  }
  const capabilities = document['capabilities'];
  if (isJsonObject(capabilities)) {
    for (const [name, collection] of Object.entries(capabilityCollections)) {
      if (capabilities[name] === true) offers.add(collection);
    }
  }
  return [...offers];
}

/** The collections of further entities below one: the collection in the path, and the collection that its items belong to. */
export const subCollections: readonly (readonly [link: string, collection: (typeof entityCollections)[number]])[] = [
  ['subareas', 'areas'],
  ['subcomponents', 'components'],
];
