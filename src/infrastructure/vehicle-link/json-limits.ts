import type { Json } from '#application/domain/json.js';

/** Documents nested deeper than this are not kept as JSON: writing them again, here or in the database, uses the stack. */
export const maxJsonDepth = 200;

const unfit = /[\0\p{Surrogate}]/u;

/**
 * Whether PostgreSQL can hold a JSON value as jsonb and we can write it again: not nested too deeply, no number beyond a
 * double (it was read as infinite), and, where `checksStrings` asks for that, no NUL and no half of a surrogate pair.
 * Walks without recursion, so that the document can't exhaust the stack.
 */
export function isStorable(root: Json, checksStrings: boolean): boolean {
  let level: Json[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    const below: Json[] = [];
    for (const value of level) {
      if (!isStorableLeaf(value, checksStrings)) return false;
      if (typeof value !== 'object' || value === null) continue;
      if (depth >= maxJsonDepth) return false;
      if (Array.isArray(value)) {
        for (const item of value as readonly Json[]) below.push(item);
        continue;
      }
      for (const [name, item] of Object.entries(value as Readonly<Record<string, Json>>)) {
        if (checksStrings && unfit.test(name)) return false;
        below.push(item);
      }
    }
    level = below;
  }
  return true;
}

function isStorableLeaf(value: Json, checksStrings: boolean): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return !(checksStrings && typeof value === 'string' && unfit.test(value));
}
