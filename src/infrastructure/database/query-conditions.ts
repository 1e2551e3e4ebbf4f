import type { Cursor, Page } from '#application/ports/paging.js';

/** Collects the conditions of a list query with their bound values: `c.status = $3`. */
export class QueryConditions {
  readonly #parts: string[] = [];
  readonly #values: unknown[] = [];

  /** Adds a condition; each `?` stands for one of the values. */
  add(condition: string, ...values: readonly unknown[]): void {
    let next = 0;
    this.#parts.push(
      condition.replace(/\?/gu, () => {
        this.#values.push(values[next]);
        next += 1;
        return `$${this.#values.length}`;
      }),
    );
  }

  /** Adds a condition where there is a value for it. */
  addIfGiven(condition: string, value: unknown): void {
    if (value !== undefined) this.add(condition, value);
  }

  /**
   * A half-open range of times in a list that goes on behind a cursor. Its end is left out where the cursor is before it:
   * with both, PostgreSQL may begin at the end of the range and walk to the cursor.
   */
  addTimes(timeColumn: string, from: Date | undefined, until: Date | undefined, after: Cursor | undefined): void {
    this.addIfGiven(`${timeColumn} >= ?`, from);
    if (until !== undefined && (after === undefined || after.at >= until)) this.add(`${timeColumn} < ?`, until);
  }

  /** The keyset condition for a list in descending order of a time and an id. */
  addCursor(timeColumn: string, idColumn: string, after: Cursor | undefined): void {
    if (after !== undefined) this.add(`(${timeColumn}, ${idColumn}) < (?::timestamptz, ?::uuid)`, after.at, after.id);
  }

  /** The WHERE clause, empty without conditions. */
  get clause(): string {
    return this.#parts.length === 0 ? '' : `where ${this.#parts.join(' and ')}`;
  }

  /** The values, followed by further ones. */
  valuesAnd(...further: readonly unknown[]): readonly unknown[] {
    return [...this.#values, ...further];
  }

  /** The place of the next value after all conditions: `$4`. */
  get nextPlace(): string {
    return `$${this.#values.length + 1}`;
  }
}

/** Whether nothing is asked for by these filters. */
export function isWithoutFilters(filters: object): boolean {
  return Object.values(filters).every((value) => value === undefined);
}

/** A page out of one row more than it may hold: the extra row only shows that the list goes on. */
export function toPage<Item>(items: readonly Item[], limit: number, position: (item: Item) => Cursor): Page<Item> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: items.length > limit && last !== undefined ? position(last) : undefined };
}

/** A search text in which `%`, `_` and `\` are plain characters, for `ilike`. */
export function likeContains(text: string): string {
  return `%${text.replace(/[\\%_]/gu, '\\$&')}%`;
}
