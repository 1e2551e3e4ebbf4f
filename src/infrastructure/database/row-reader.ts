import pg from 'pg';

import { parseTimestamp } from './timestamp-text.js';

const types = pg.types.builtins;

/** The object id of a type. */
type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

/** A column of an answer, as the server describes it. */
export interface Column {
  readonly name: string;
  readonly dataTypeID: TypeId;
}

/** A row as it came: the body of the server's message `DataRow` (PostgreSQL's manual, 55.7). */
export interface WireRow {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Reads a value that stands from `from` to `to` in a row. The text has a character for each of the row's bytes. */
type ValueReader = (text: string, from: number, to: number, row: WireRow) => unknown;

interface ReadColumn {
  readonly name: string;
  readonly readValue: ValueReader;
}

/** How the driver reads a value of a type that isn't read here. */
export type ValueParser = (text: string) => unknown;

/**
 * Reads the rows of an answer. A page of a list has a thousand values, and the driver makes a text of each by a call of its own;
 * here a row becomes text at once, and its values are cut out of it.
 */
export class RowReader {
  readonly #columns: readonly ReadColumn[];
  readonly #emptyRow: Readonly<Record<string, unknown>>;

  constructor(columns: readonly Column[], parserOf: (type: TypeId) => ValueParser) {
    this.#columns = columns.map(({ name, dataTypeID }) => ({
      name,
      readValue: valueReaders.get(dataTypeID) ?? parsed(parserOf(dataTypeID)),
    }));
    this.#emptyRow = Object.fromEntries(columns.map(({ name }) => [name, null]));
  }

  /** The row as an object, its columns in the order of the select list. Throws when a value can't be read. */
  read(row: WireRow): Readonly<Record<string, unknown>> {
    const { bytes, start, end } = row;
    const text = bytes.toString('latin1', start, end);
    const values: Record<string, unknown> = { ...this.#emptyRow };
    // Behind the number of columns.
    let at = 2;
    for (let index = 0; index < this.#columns.length; index += 1) {
      const length = bytes.readInt32BE(start + at);
      at += 4;
      const { name, readValue } = this.#columns[index] as ReadColumn;
      // -1 stands for NULL.
      if (length < 0) {
        values[name] = null;
        continue;
      }
      values[name] = readValue(text, at, at + length, row);
      at += length;
    }
    return values;
  }
}

/** Texts up to this many bytes are looked through for characters beyond ASCII, which is cheaper than to decode them. */
const shortText = 64;

const readText: ValueReader = (text, from, to, row) => {
  if (to - from > shortText) return decoded(from, to, row);
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) > 0x7f) return decoded(from, to, row);
  return text.slice(from, to);
};

const readInteger: ValueReader = (text, from, to) => {
  const isNegative = text[from] === '-';
  let magnitude = 0;
  for (let at = isNegative ? from + 1 : from; at < to; at += 1) magnitude = magnitude * 10 + text.charCodeAt(at) - 48;
  return isNegative ? -magnitude : magnitude;
};

const readJson: ValueReader = (text, from, to, row) => JSON.parse(readText(text, from, to, row) as string) as unknown;

const valueReaders: ReadonlyMap<TypeId, ValueReader> = new Map<TypeId, ValueReader>([
  [types.BOOL, (text, from) => text[from] === 't'],
  [types.INT2, readInteger],
  [types.INT4, readInteger],
  [types.JSON, readJson],
  [types.JSONB, readJson],
  [types.TEXT, readText],
  [types.TIMESTAMPTZ, (text, from, to) => parseTimestamp(text, from, to)],
  [types.UUID, (text, from, to) => text.slice(from, to)],
  [types.VARCHAR, readText],
]);

function parsed(parse: ValueParser): ValueReader {
  return (_text, from, to, row) => parse(decoded(from, to, row));
}

function decoded(from: number, to: number, { bytes, start }: WireRow): string {
  return bytes.toString('utf8', start + from, start + to);
}
