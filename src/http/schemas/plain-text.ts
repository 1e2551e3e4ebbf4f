import { z } from 'zod';

import type { Json } from '#application/domain/json.js';

/** One line of text: no control characters, also not at its end, and not only blanks. */
export function lineOfText(minLength: number, maxLength: number): z.ZodString {
  return z
    .string()
    .min(minLength)
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*(?![\s\S])/u, 'must be one line without control characters')
    .regex(minLength > 0 ? /^(?![\s\S])|\S/u : /^/u, 'must not be blank');
}

/** A UUID in its usual text form, in any version; lower case, as PostgreSQL writes it, once it was read. */
export const uuid = z.guid({ message: 'must be a UUID' }).toLowerCase();

/** A time as RFC 3339 in UTC or with an offset. */
export const timestamp = z.iso.datetime({ offset: true, message: 'must be a time such as 2026-01-31T12:00:00Z' });

/** Any JSON value: whatever came out of a JSON text is one. */
export const anyJson = z.unknown() as unknown as z.ZodType<Json, Json>;

/** Any JSON object. */
export const jsonObject = z.record(z.string(), anyJson);
