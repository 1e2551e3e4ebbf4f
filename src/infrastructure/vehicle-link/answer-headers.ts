import type { IncomingHttpHeaders } from 'node:http';

/** The media type of an answer in lower case, without its parameters. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string | undefined {
  const type = single(headers['content-type'])?.split(';', 1)[0]?.trim().toLowerCase();
  return type === '' ? undefined : type;
}

/** The declared character encoding of an answer, in lower case. */
export function charsetOf(headers: IncomingHttpHeaders): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";]+)/iu.exec(single(headers['content-type']) ?? '')?.[1]?.toLowerCase();
}

/** Whether the body is an event stream (HTML Living Standard, server-sent events). */
export function isEventStream(headers: IncomingHttpHeaders): boolean {
  return mediaTypeOf(headers) === 'text/event-stream';
}

/** The content codings of an answer in the order in which they were applied, without `identity`. */
export function contentCodingsOf(headers: IncomingHttpHeaders): readonly string[] {
  const value = headers['content-encoding'];
  if (value === undefined) return [];
  return [value]
    .flat()
    .join(',')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** How long the vehicle asks us to wait, in seconds from now: `Retry-After` in both of its forms (RFC 9110 section 10.2.3). */
export function retryAfterSecondsOf(headers: IncomingHttpHeaders, now: number): number | undefined {
  const value = single(headers['retry-after'])?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d{1,9}$/u.test(value)) return Number(value);
  // Only dates with a month's name: `Date.parse` would take a lone number for a year.
  const date = /[a-z]{3}/iu.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/** The `Location` of an answer. */
export function locationOf(headers: IncomingHttpHeaders): string | undefined {
  return single(headers.location);
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
