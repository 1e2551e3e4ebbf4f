import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { definedOnly, textOf } from './list-document.js';

/** The members in which servers list the versions that they speak, the usual one first. */
const versionLists = ['sovd_info', 'items', 'versions'];

/**
 * The SOVD versions that a version document tells of, in one form: `version`, `base_path` and `vendor_info`. Undefined when
 * it tells of none. Of an address only the path is taken, because hosts in it are often wrong.
 */
export function readVersions(document: Json): readonly JsonObject[] | undefined {
  const versions = candidates(document).flatMap((list) => list.flatMap(readVersion));
  return versions.length === 0 ? undefined : versions;
}

/** The first known list that holds something, else any list within the document. */
function candidates(document: Json): readonly (readonly Json[])[] {
  if (Array.isArray(document)) return [document as readonly Json[]];
  if (!isJsonObject(document)) return [];
  const lists = [...versionLists.map((name) => document[name]), ...Object.values(document)].filter(
    (value): value is readonly Json[] => Array.isArray(value) && value.flatMap(readVersion).length > 0,
  );
  return lists.slice(0, 1);
}

function readVersion(item: Json): readonly JsonObject[] {
  if (!isJsonObject(item)) return [];
  const version = textOf(item, 'version', 'x-sovd-version', 'version_identifier');
  if (version === undefined) return [];
  const address = textOf(item, 'base_uri', 'base_path', 'accessurl', 'url');
  return [
    definedOnly({
      version,
      base_path: address === undefined ? undefined : pathOf(address),
      vendor_info: item['vendor_info'] ?? undefined,
    }),
  ];
}

/** The path of an address, whether it is absolute or not. */
function pathOf(address: string): string {
  const withoutHost = address.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/iu, '');
  return withoutHost.startsWith('/') ? withoutHost : `/${withoutHost}`;
}
