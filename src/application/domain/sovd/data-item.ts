import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { definedOnly, textOf } from './list-document.js';

/**
 * The value that was read of a data item (SOVD, reading data): in `data`, or in `value`, as servers differ; `null` where only
 * errors stand in its place. Undefined: the document tells no value.
 */
export function readDataItem(dataId: string, document: Json): JsonObject | undefined {
  if (!isJsonObject(document)) return undefined;
  const value = document['data'] ?? document['value'];
  const errors = document['errors'] ?? undefined;
  if (value === undefined && document['data'] === undefined && errors === undefined) return undefined;
  return definedOnly({
    data_id: dataId,
    name: textOf(document, 'name'),
    value: value ?? null,
    unit: textOf(document, 'unit'),
    errors,
  });
}
