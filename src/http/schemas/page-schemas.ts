import { z } from 'zod';

import { ApplicationError } from '#application/domain/errors.js';
import type { Cursor, Page, PageRequest } from '#application/ports/paging.js';

const defaultLimit = 50;
const maxLimit = 200;

const limit = z
  .string()
  .regex(/^\d{1,9}(?![\s\S])/u, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1).max(maxLimit))
  .optional()
  .meta({
    description: `How many items at the most, 1 to ${maxLimit}; ${defaultLimit} when absent.`,
    examples: [50],
  });

const cursor = z
  .string()
  .max(256)
  .optional()
  .meta({ description: '`next_cursor` of the page before. Absent: the first page.' });

/** Query parameters that every list takes. */
export const pageFields = { limit, cursor };

/** A page of items, as JSON. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Where the list goes on; null at its end.', examples: [null] }),
  });
}

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** The page that a query asks for, in a list by time and id. Throws `invalid-cursor`. */
export function toPageRequest(query: PageQuery): PageRequest {
  return {
    limit: query.limit ?? defaultLimit,
    after: query.cursor === undefined ? undefined : readCursor(query.cursor),
  };
}

/** A page by time and id, as it is shown. */
export function presentPage<Item, Shown>(page: Page<Item>, present: (item: Item) => Shown) {
  return { items: page.items.map(present), next_cursor: page.next === undefined ? null : writeCursor(page.next) };
}

/** The page that a query asks for, in a list by number. Throws `invalid-cursor`. */
export function toNumberedPageRequest(
  query: PageQuery,
  first: number,
): { readonly from: number; readonly limit: number } {
  const { cursor: text } = query;
  if (text !== undefined && !/^n\d{1,9}(?![\s\S])/u.test(text)) throw invalidCursor();
  return { from: text === undefined ? first : Number(text.slice(1)), limit: query.limit ?? defaultLimit };
}

/** A page by number, as it is shown. */
export function presentNumberedPage<Item, Shown>(
  page: { readonly items: readonly Item[]; readonly next: number | undefined },
  present: (item: Item) => Shown,
) {
  return { items: page.items.map(present), next_cursor: page.next === undefined ? null : `n${page.next}` };
}

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\s\S])/u;

function writeCursor({ at, id }: Cursor): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

function readCursor(text: string): Cursor {
  const [time = '', id = '', ...rest] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  const at = new Date(/^\d{1,15}(?![\s\S])/u.test(time) ? Number(time) : Number.NaN);
  if (rest.length > 0 || Number.isNaN(at.getTime()) || !uuidPattern.test(id)) throw invalidCursor();
  return { at, id };
}

function invalidCursor(): ApplicationError {
  return new ApplicationError('invalid-cursor', 'Use the next_cursor of the page before, unchanged.', {
    complaints: [{ pointer: '#/query/cursor', message: 'is not a cursor of this list' }],
  });
}
