/** A change that a repository was told of and that waits for the commit. `$1…` are its own values. */
export interface NotedWrite {
  /** An INSERT, UPDATE or DELETE without RETURNING. */
  readonly text: string;
  readonly values: readonly unknown[];
  /** How many rows it must meet; another number undoes the whole unit. */
  readonly expectedRows?: number;
  /** The row that it makes or changes, so that two changes of one row don't end up in one statement. */
  readonly target?: string;
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
  const [first] = group;
  if (first !== undefined && group.length === 1 && first.expectedRows === undefined) return first;
  return { text: compiledText(group), values: group.flatMap((write) => write.values) };
}

function compiledText(group: readonly NotedWrite[]): string {
  const cacheKey = group.map(({ text, expectedRows }) => `${numberOf(text)}:${String(expectedRows)}`).join(' ');
  const known = compiledTexts.get(cacheKey);
  if (known !== undefined) return known;
  let offset = 0;
  const parts: string[] = [];
  const checks: string[] = [];
  for (const [index, write] of group.entries()) {
    const shift = offset;
    const text = write.text.replace(/\$(\d+)/gu, (_match, place: string) => `$${Number(place) + shift}`);
    parts.push(`w${index} as (${text} returning 1)`);
    if (write.expectedRows !== undefined) {
      checks.push(`expect_rows((select count(*) from w${index}), ${write.expectedRows})`);
    }
    offset += write.values.length;
  }
  const text = `with ${parts.join(', ')} select ${checks.length === 0 ? '1' : checks.join(', ')}`;
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
