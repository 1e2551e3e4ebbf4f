/** The collections of SOVD entities (ISO 17978-3, discovery). */
export const entityCollections = ['areas', 'components', 'apps', 'functions'] as const;

/** One of the collections. */
export type EntityCollection = (typeof entityCollections)[number];

const entityPattern = /^(?:areas|components|apps|functions)\/[^\s/\p{Cc}][^/\p{Cc}]*(?![\s\S])/u;

/** Whether a text names an entity by its collection and id, for example `components/engine-control`. */
export function isEntityName(text: string): boolean {
  return entityPattern.test(text) && !isDotSegment(text.slice(text.indexOf('/') + 1));
}

/** `.` and `..` would be resolved away by URL rules and address something else than was asked for. */
export function isDotSegment(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/**
 * A path below the vehicle's base out of plain segments, each percent-encoded by itself, so that a slash within an id
 * stays within it. Throws a RangeError for `.` and `..`, which no encoding protects.
 */
export function sovdPath(...segments: readonly string[]): string {
  return segments
    .map((segment) => {
      if (isDotSegment(segment) || segment === '') throw new RangeError(`'${segment}' cannot be a path segment`);
      return encodeURIComponent(segment);
    })
    .join('/');
}

/** The path of an entity, for example `components/engine-control`, and below it. */
export function entityPath(entity: string, ...segments: readonly string[]): string {
  const slash = entity.indexOf('/');
  return sovdPath(entity.slice(0, slash), entity.slice(slash + 1), ...segments);
}
