/** Facts of a log line. Secrets have no place in it. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * A level is a promise. `error`: somebody must act now, and in a healthy system there is none. `warn`: something went wrong
 * and heals by itself. `info`: the life of the service. `debug`: for whoever hunts a bug.
 */
export interface Log {
  readonly error: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly debug: (fields: LogFields, message: string) => void;
  /** A log whose lines carry these fields too. Whoever works on the same thing is handed it. */
  readonly withFields: (fields: LogFields) => TaskLog;
}

/** The log of one thing that is under way, such as a request: what becomes known about it is on all further lines. */
export interface TaskLog extends Log {
  readonly addFields: (fields: LogFields) => void;
  /** As `addFields`, with numbers that are added to those of the same name. */
  readonly sumFields: (fields: Readonly<Record<string, number>>) => void;
}
