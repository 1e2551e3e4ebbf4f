import { entityCollections } from '#application/domain/sovd/entity.js';
import type { SovdRequest } from '#application/domain/sovd/exchange.js';

import { unsendable } from './link-failures.js';

/** The base of a vehicle's SOVD server, taken apart. */
export interface VehicleBase {
  readonly origin: string;
  /** Begins with a slash and doesn't end with one; empty for none. */
  readonly path: string;
}

const visibleAscii = /^[\x21-\x7e]*$/u;
const authority = /^(?:[a-z][a-z\d+.-]*:)?\/\/[^/?#]*/iu;
const knownCollections: ReadonlySet<string> = new Set([...entityCollections, 'updates']);
/** Stands for whatever host a reference names: only paths are read. */
const anyHost = 'http://vehicle.invalid';

/** Takes a base URL apart. Throws a `VehicleLinkFailure` when it isn't one of HTTP. */
export function parseBase(baseUrl: string): VehicleBase {
  const url = parseUrl(baseUrl);
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw unsendable('the address of the vehicle is not an HTTP URL');
  }
  return { origin: url.origin, path: url.pathname.replace(/\/+$/u, '') };
}

/**
 * The request target, byte for byte as the request has it. Throws a `VehicleLinkFailure` for a path that would leave the
 * base, in whatever encoding, or that HTTP can't carry.
 */
export function wirePath(base: VehicleBase, { path, query }: SovdRequest): string {
  if (!visibleAscii.test(path) || /[?#\\]/u.test(path)) throw unsendable('its path is not percent-encoded');
  if (path.startsWith('/')) throw unsendable('its path begins with a slash');
  if (hasDotSegment(path)) throw unsendable("its path has a '.' or '..' in it", new RangeError(path));
  const target = `${base.path}/${path}`;
  if (query === undefined || query.length === 0) return target;
  return `${target}?${query.map(encodePair).join('&')}`;
}

/**
 * Where a `Location` points to on our own vehicle: a request target, or undefined when nothing sensible can be read from
 * it. Hosts are ignored, since servers name the wrong ones; a prefix that differs from our base is replaced by it.
 */
export function resolveReference(base: VehicleBase, requestPath: string, reference: string): string | undefined {
  const text = reference.trim();
  const withoutHost = text.replace(authority, '');
  const isAbsolute = withoutHost !== text || text.startsWith('/');
  const url = isAbsolute
    ? parseUrl(`${anyHost}${withoutHost.replace(/^\/*/u, '/')}`)
    : parseUrl(`${anyHost}${base.path}/${relativeTo(requestPath, text)}`);
  if (url === undefined || text === '') return undefined;
  const path = ownPath(base, requestPath, url.pathname);
  if (path === undefined || hasDotSegment(path) || !visibleAscii.test(path)) return undefined;
  return path + url.search;
}

/** The request target of an execution without a `Location`, by its id; undefined for an id that can't be addressed. */
export function executionPath(base: VehicleBase, requestPath: string, id: string): string | undefined {
  if (/\p{Surrogate}/u.test(id)) return undefined;
  const path = `${base.path}/${requestPath.replace(/\/+$/u, '')}/${encodeURIComponent(id)}`;
  return id === '' || hasDotSegment(path) ? undefined : path;
}

/** A relative reference (RFC 3986 section 5) as a path below the base. */
function relativeTo(requestPath: string, reference: string): string {
  const firstSegment = reference.split(/[/?#]/u, 1)[0]?.toLowerCase() ?? '';
  const requestSegments = requestPath.split('/');
  if (knownCollections.has(firstSegment)) return reference;
  // By the rules an id alone would replace the word `executions`; what its sender means is an item of that collection.
  if (!reference.includes('/') && requestSegments.at(-1) === 'executions') return `${requestPath}/${reference}`;
  return [...requestSegments.slice(0, -1), reference].join('/');
}

function ownPath(base: VehicleBase, requestPath: string, path: string): string | undefined {
  const prefix = `${base.path}/`;
  if (base.path !== '' && path.toLowerCase().startsWith(prefix.toLowerCase())) {
    return prefix + path.slice(prefix.length);
  }
  const segments = path.split('/').slice(1);
  const start = bestStart(segments, requestPath.split('/'));
  if (start !== undefined) return prefix + segments.slice(start).join('/');
  return base.path === '' ? path : undefined;
}

/** Where the part below the base begins: where it has most in common with the request, else at the first collection. */
function bestStart(segments: readonly string[], requestSegments: readonly string[]): number | undefined {
  let best: number | undefined;
  let bestLength = 0;
  for (const start of segments.keys()) {
    const length = commonLength(segments, start, requestSegments);
    if (length <= bestLength) continue;
    best = start;
    bestLength = length;
  }
  if (best !== undefined) return best;
  const collection = segments.findIndex((segment) => knownCollections.has(segment.toLowerCase()));
  return collection < 0 ? undefined : collection;
}

function commonLength(segments: readonly string[], start: number, requestSegments: readonly string[]): number {
  let length = 0;
  while (
    start + length < segments.length &&
    length < requestSegments.length &&
    segments[start + length]?.toLowerCase() === requestSegments[length]?.toLowerCase()
  ) {
    length += 1;
  }
  return length;
}

/** Also within an id: a server that decodes before it resolves would take `..%2F` for a step up. */
function hasDotSegment(path: string): boolean {
  if (!path.includes('.') && !path.includes('%2')) return false;
  return path
    .replaceAll(/%2e/giu, '.')
    .replaceAll(/%2f|%5c/giu, '/')
    .split('/')
    .some((segment) => segment === '.' || segment === '..');
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function encodePair([name, value]: readonly [string, string]): string {
  try {
    return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  } catch (error) {
    throw unsendable('its query holds half a surrogate pair', error);
  }
}
