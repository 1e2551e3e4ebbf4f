/** A change that a repository was told of and that waits for the commit. */
export type NotedWrite = OwnWrite | RowWrite;

interface Write {
  /** An INSERT, UPDATE or DELETE without RETURNING. */
  readonly text: string;
  /** The row that it makes or changes, so that two changes of one row don't end up in one statement. */
  readonly target?: string;
}

/** A change by values of its own: `$1…`. */
export interface OwnWrite extends Write {
  readonly values: readonly unknown[];
  /** How many rows it must meet; another number undoes the whole unit. */
  readonly expectedRows?: number;
}

/** A row for a text that takes any number of them, as `JsonRows` does; all rows for a text are written at once. */
export interface RowWrite extends Write {
  readonly row: readonly unknown[];
  /** Whether it must meet a row; else the whole unit is undone. The same for all rows of a text. */
  readonly mustMeet?: true;
}

/** Whether it can be written together with others of its kind. */
export function isRowWrite(write: NotedWrite): write is RowWrite {
  return 'row' in write;
}

/** One statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** It is planned for its values each time, and so never prepared. */
  readonly isPlannedAnew?: true;
}

/** PostgreSQL takes 65,535 values in a statement; this leaves a margin. */
const maxValues = 30_000;

const compiledTexts = new Map<string, string>();
const maxCompiledTexts = 500;

/** Numbers of texts, so that what a group consists of is a short key. */
const textNumbers = new Map<string, number>();
let textCount = 0;

/**
 * Puts writes into as few groups as can be, each of which can be one statement. All parts of a statement see the table as
 * it was before, so two changes of the same row need two of them.
 */
export function groupWrites(writes: readonly NotedWrite[]): readonly (readonly NotedWrite[])[] {
  const groups: NotedWrite[][] = [];
  let targets = new Set<string>();
  let valueCount = 0;
  for (const write of writes) {
    const group = groups.at(-1);
    const collides = write.target !== undefined && targets.has(write.target);
    const count = isRowWrite(write) ? 0 : write.values.length;
    if (group === undefined || collides || valueCount + count > maxValues) {
      groups.push([write]);
      targets = new Set();
      valueCount = 0;
    } else {
      group.push(write);
    }
    if (write.target !== undefined) targets.add(write.target);
    valueCount += count;
  }
  return groups;
}

/**
 * One statement that makes all writes of a group: each a common table expression. Constraints are checked at its end, so
 * the order of the parts doesn't matter; `expect_rows` raises, and so undoes everything, when a count is not as expected.
 */
export function compileGroup(group: readonly NotedWrite[]): Statement {
  const parts = partsOf(group);
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && only.expected === undefined) return only;
  return { text: compiledText(parts), values: parts.flatMap(({ values }) => values) };
}

/** A part of a statement. */
interface Part extends Statement {
  /** How many rows it must meet: a number, or as many as its last value says. */
  readonly expected: number | 'last value' | undefined;
}

/** The rows for one text are one part: a text for each number of them would be planned again and again. */
function partsOf(group: readonly NotedWrite[]): readonly Part[] {
  const parts: Part[] = [];
  const kinds = new Map<string, RowWrite[]>();
  for (const write of group) {
    if (isRowWrite(write)) {
      const known = kinds.get(write.text);
      if (known === undefined) kinds.set(write.text, [write]);
      else known.push(write);
    } else {
      parts.push({ text: write.text, values: write.values, expected: write.expectedRows });
    }
  }
  for (const [text, writes] of kinds) {
    const rows = JSON.stringify(writes.map(({ row }) => row));
    if (writes[0]?.mustMeet === true) parts.push({ text, values: [rows, writes.length], expected: 'last value' });
    else parts.push({ text, values: [rows], expected: undefined });
  }
  return parts;
}

function compiledText(parts: readonly Part[]): string {
  const cacheKey = parts.map(({ text, expected }) => `${numberOf(text)}:${String(expected)}`).join(' ');
  const known = compiledTexts.get(cacheKey);
  if (known !== undefined) return known;
  let offset = 0;
  const expressions: string[] = [];
  const checks: string[] = [];
  for (const [index, { text, values, expected }] of parts.entries()) {
    const shift = offset;
    const shifted = text.replace(/\$(\d+)/gu, (_match, place: string) => `$${Number(place) + shift}`);
    expressions.push(`w${index} as (${shifted} returning 1)`);
    offset += values.length;
    if (expected !== undefined) {
      const count = expected === 'last value' ? `$${offset}` : String(expected);
      checks.push(`expect_rows((select count(*) from w${index}), ${count})`);
    }
  }
  const text = `with ${expressions.join(', ')} select ${checks.length === 0 ? '1' : checks.join(', ')}`;
  if (compiledTexts.size >= maxCompiledTexts) compiledTexts.clear();
  compiledTexts.set(cacheKey, text);
  return text;
}

function numberOf(text: string): number {
  const known = textNumbers.get(text);
  if (known !== undefined) return known;
  // A number is never given twice, or a key would stand for two texts.
  textCount += 1;
  if (textNumbers.size >= maxCompiledTexts) textNumbers.clear();
  textNumbers.set(text, textCount);
  return textCount;
}
