import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** The objects of an SOVD list: in `items`, in `value`, or the bare array, as servers differ. Undefined: it is no list. */
export function listItems(document: Json): readonly JsonObject[] | undefined {
  const list = isJsonObject(document) ? (document['items'] ?? document['value']) : document;
  return Array.isArray(list) ? (list as readonly Json[]).filter(isJsonObject) : undefined;
}

/** The first of some members that is a text or a number, as text; null and absent are alike. */
export function textOf(object: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

/** An object without the members that are undefined, so that it is JSON. */
export function definedOnly(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const entries = Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
