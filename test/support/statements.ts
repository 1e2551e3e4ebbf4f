/** The statements that went to a database, in order, each one round trip; their values are not kept. */
export interface StatementRecorder {
  /** To be handed to the units of work. */
  readonly onStatement: (sql: string) => void;
  /** Since the last `forget`, without line ends and repeated blanks. */
  readonly sent: () => readonly string[];
  /** The first words of what was sent: `START TRANSACTION`, `select`, `with`, `COMMIT`. */
  readonly verbs: () => readonly string[];
  readonly forget: () => void;
}

/** Makes a recorder that has heard nothing yet. */
export function recordStatements(): StatementRecorder {
  let statements: string[] = [];
  return {
    onStatement: (sql) => {
      statements.push(sql.replace(/\s+/gu, ' ').trim());
    },
    sent: () => [...statements],
    verbs: () => statements.map(verbOf),
    forget: () => {
      statements = [];
    },
  };
}

function verbOf(statement: string): string {
  return /^(?:START TRANSACTION|\w+)/u.exec(statement)?.[0] ?? statement;
}
