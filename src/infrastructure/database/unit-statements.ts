import type { NotedWrite } from './noted-write.js';

/** What a repository may do with the unit that it is bound to. Values are bound, never put into the text. */
export interface UnitStatements {
  /**
   * Reads rows that one index finds, whatever the values are: a few by their key, or a page of a list in that index's order.
   * Prepared, and outside of a transaction unless the unit has begun one.
   */
  readonly rows: <Row extends object>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;
  /**
   * Reads a list by filters. Planned for the values at hand: one plan for all values would walk through the whole table for a
   * rare one.
   */
  readonly rowsByFilter: <Row extends object>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;
  /** Begins the unit's transaction if it hasn't, for row locks and for changes that can't wait for the commit. */
  readonly rowsInTransaction: <Row extends object>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;
  /** Keeps a change for the commit. */
  readonly note: (write: NotedWrite) => void;
}
