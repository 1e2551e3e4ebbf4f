import type { JsonObject } from '../domain/json.js';

/** What an audit entry tells of a filter: its conditions in snake case, their values as texts. */
export function filterDetails(filter: object): JsonObject {
  const entries = Object.entries(filter).map(([name, value]: [string, unknown]) => [
    name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`),
    value instanceof Date ? value.toISOString() : String(value),
  ]);
  return { filter: Object.fromEntries(entries) as JsonObject };
}
