/** A change that a repository was told of and that waits for the commit. `$1…` are its own values. */
export interface NotedWrite {
  /** An INSERT, UPDATE or DELETE without RETURNING. */
  readonly text: string;
  readonly values: readonly unknown[];
  /** How many rows it must meet; another number undoes the whole unit. */
  readonly expectedRows?: number;
  /** The row that it makes or changes, so that two changes of one row don't end up in one statement. */
  readonly target?: string;
  /**
   * How several of its kind are written at once: a statement that takes their rows as one JSON array, `$1`. Writes of a kind
   * either all expect one row each, or none expects any number.
   */
  readonly together?: { readonly text: string; readonly row: Readonly<Record<string, unknown>> };
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
    if (group === undefined || collides || valueCount + write.values.length > maxValues) {
      groups.push([write]);
      targets = new Set();
      valueCount = 0;
    } else {
      group.push(write);
    }
    if (write.target !== undefined) targets.add(write.target);
    valueCount += write.values.length;
  }
  return groups;
}

/**
 * One statement that makes all writes of a group: each a common table expression. Constraints are checked at its end, so
 * the order of the parts doesn't matter; `expect_rows` raises, and so undoes everything, when a count is not as expected.
 */
export function compileGroup(group: readonly NotedWrite[]): Statement {
  const [only] = group;
  if (only !== undefined && group.length === 1 && only.expectedRows === undefined) return only;
  const parts = partsOf(group);
  return { text: compiledText(parts), values: parts.flatMap(({ values }) => values) };
}

/** A part of a statement. */
interface Part extends Statement {
  /** How many rows it must meet: a number, or as many as its JSON array has elements. */
  readonly expected: number | 'each' | undefined;
}

/** Several writes of a kind are one part: a text for each number of them would be planned again and again. */
function partsOf(group: readonly NotedWrite[]): readonly Part[] {
  const parts: Part[] = [];
  const kinds = new Map<string, NotedWrite[]>();
  for (const write of group) {
    const { text, values, together, expectedRows } = write;
    const known = together === undefined ? undefined : kinds.get(together.text);
    if (together === undefined || (expectedRows ?? 1) !== 1) parts.push({ text, values, expected: expectedRows });
    else if (known === undefined) kinds.set(together.text, [write]);
    else known.push(write);
  }
  for (const [text, writes] of kinds) {
    const [first] = writes;
    if (first === undefined) continue;
    const { values, expectedRows } = first;
    if (writes.length === 1) parts.push({ text: first.text, values, expected: expectedRows });
    else {
      const rows = JSON.stringify(writes.map(({ together }) => together?.row));
      parts.push({ text, values: [rows], expected: expectedRows === undefined ? undefined : 'each' });
    }
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
    if (expected !== undefined) {
      const count = expected === 'each' ? `jsonb_array_length($${shift + 1}::jsonb)` : String(expected);
      checks.push(`expect_rows((select count(*) from w${index}), ${count})`);
    }
    offset += values.length;
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
