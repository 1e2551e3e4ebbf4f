/** The top-level keys of an object from snake_case to camelCase; anything else as it is. */
export function toCamelCase(value: unknown): unknown {
  return renamed(value, (key) => key.replaceAll(/_([a-z])/gu, (_match, letter: string) => letter.toUpperCase()));
}

/** The top-level keys of an object from camelCase to snake_case; anything else as it is. */
export function toSnakeCase(value: unknown): unknown {
  return renamed(value, (key) => key.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`));
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [rename(key), content as unknown]));
}
