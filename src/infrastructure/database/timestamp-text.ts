import pg from 'pg';

const { TIMESTAMPTZ } = pg.types.builtins;

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

type TimestampParser = (text: string) => Date | number | null;

const parseAnyTimestamp = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as TimestampParser;

/** What stands between the digits of `2026-11-23 15:12:54.123456+00`. */
const marks = [
  [4, '-'],
  [7, '-'],
  [10, ' '],
  [13, ':'],
  [16, ':'],
] as const;

/**
 * Reads a `timestamptz` as PostgreSQL writes it in a session in UTC (manual, 8.5.2), to the millisecond. What looks any
 * different, such as a time before Christ, an infinite one or another zone, is left to the driver. A page of a list has hundreds
 * of them, and most of its time went into the driver's regular expressions.
 */
export function parseTimestamp(text: string): Date | number | null {
  const zone = text.length - 3;
  const isPlain = zone >= 19 && zone <= 26 && text.endsWith('+00') && marks.every(([at, mark]) => text[at] === mark);
  if (!isPlain || (zone > 19 && text[19] !== '.')) return parseAnyTimestamp(text);
  const year = digits(text, 0) * 100 + digits(text, 2);
  const milliseconds = zone > 20 ? fraction(text, zone) : 0;
  const time = Date.UTC(
    year,
    digits(text, 5) - 1,
    digits(text, 8),
    digits(text, 11),
    digits(text, 14),
    digits(text, 17),
    milliseconds,
  );
  // The first hundred years are taken for those of the last century.
  return year < 100 || Number.isNaN(time) ? parseAnyTimestamp(text) : new Date(time);
}

/** The driver's types, with our reading of times. */
export const columnTypes = {
  ...pg.types,
  getTypeParser: (oid: TypeId, format?: 'text' | 'binary'): unknown =>
    oid === TIMESTAMPTZ && format !== 'binary' ? parseTimestamp : pg.types.getTypeParser(oid, format),
};

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

function fraction(text: string, end: number): number {
  let milliseconds = 0;
  for (let at = 20, worth = 100; at < Math.min(end, 23); at += 1, worth /= 10) {
    milliseconds += (text.charCodeAt(at) - 48) * worth;
  }
  return milliseconds;
}
