import pg from 'pg';

const { TIMESTAMPTZ } = pg.types.builtins;

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

type TimestampParser = (text: string) => Date | number | null;

const parseAnyTimestamp = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as TimestampParser;

/** The day that was read last, as the number that its digits are, and when it began: the times of a page are of few days. */
let knownDay = Number.NaN;
let knownMidnight = Number.NaN;

/**
 * Reads a `timestamptz` as PostgreSQL writes it in a session in UTC (manual, 8.5.2), to the millisecond; it stands from `from`
 * to `to`. What looks any different, such as a time before Christ, an infinite one or another zone, is left to the driver. A
 * page of a list has hundreds of them, and most of its time went into the driver's regular expressions.
 */
export function parseTimestamp(text: string, from = 0, to = text.length): Date | number | null {
  const zone = to - 3;
  if (!isPlain(text, from, zone)) return parseAnyTimestamp(text.slice(from, to));
  const midnight = midnightOf(
    digits(text, from) * 100 + digits(text, from + 2),
    digits(text, from + 5),
    digits(text, from + 8),
  );
  if (Number.isNaN(midnight)) return parseAnyTimestamp(text.slice(from, to));
  const seconds = (digits(text, from + 11) * 60 + digits(text, from + 14)) * 60 + digits(text, from + 17);
  return new Date(midnight + seconds * 1000 + fraction(text, from + 20, zone));
}

/** Whether it looks like `2026-11-23 15:12:54.123456+00`. */
function isPlain(text: string, from: number, zone: number): boolean {
  const length = zone - from;
  return (
    length >= 19 &&
    length <= 26 &&
    text.startsWith('+00', zone) &&
    text[from + 4] === '-' &&
    text[from + 7] === '-' &&
    text[from + 10] === ' ' &&
    text[from + 13] === ':' &&
    text[from + 16] === ':' &&
    (length === 19 || text[from + 19] === '.')
  );
}

/** In milliseconds since 1970. Not a number for the first hundred years, which `Date.UTC` takes for those of the last century. */
function midnightOf(year: number, month: number, day: number): number {
  const digitsOfDay = (year * 100 + month) * 100 + day;
  if (digitsOfDay !== knownDay) {
    knownDay = digitsOfDay;
    knownMidnight = year < 100 ? Number.NaN : Date.UTC(year, month - 1, day);
  }
  return knownMidnight;
}

/** The driver's types, with our reading of times. */
export const columnTypes = {
  ...pg.types,
  getTypeParser: (oid: TypeId, format?: 'text' | 'binary'): unknown =>
    oid === TIMESTAMPTZ && format !== 'binary'
      ? (text: string) => parseTimestamp(text)
      : pg.types.getTypeParser(oid, format),
};

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

function fraction(text: string, from: number, to: number): number {
  let milliseconds = 0;
  for (let at = from, worth = 100; at < to && worth >= 1; at += 1, worth /= 10) {
    milliseconds += (text.charCodeAt(at) - 48) * worth;
  }
  return milliseconds;
}
