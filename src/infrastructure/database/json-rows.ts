type ColumnType = 'boolean' | 'inet' | 'integer' | 'jsonb' | 'text' | 'timestamptz' | 'uuid';

/**
 * Rows that a statement takes as one value: a JSON array with an array of values for each row. So the text is the same for any
 * number of them. Objects would bring the name of each column with each row, and PostgreSQL takes half as long again to read them.
 */
export class JsonRows<Name extends string> {
  readonly #names: readonly Name[];
  /** A query that gives the rows of `$1`. */
  readonly select: string;

  constructor(columns: Readonly<Record<Name, ColumnType>>) {
    this.#names = Object.keys(columns) as Name[];
    const expressions = this.#names.map((name, index) => {
      const type = columns[name];
      return `(r.value ${type === 'jsonb' ? '->' : '->>'} ${index})::${type} as ${name}`;
    });
    this.select = `select ${expressions.join(', ')} from jsonb_array_elements($1::jsonb) as r`;
  }

  /** The columns for a list of them, behind an alias if one is given. */
  columns(alias?: string): string {
    return this.#names.map((name) => (alias === undefined ? name : `${alias}.${name}`)).join(', ');
  }

  /** The values of a row in the order of the columns. What is undefined is NULL, and in a column of jsonb the null of JSON. */
  row(values: Readonly<Record<Name, unknown>>): readonly unknown[] {
    return this.#names.map((name) => values[name]);
  }
}
