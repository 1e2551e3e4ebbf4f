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
  /** Runs a callback in which every line, however deep, carries these fields too. */
  readonly withFields: <Result>(fields: LogFields, callback: () => Result) => Result;
  /** Adds fields to all further lines of the callback that `withFields` runs now. */
  readonly addFields: (fields: LogFields) => void;
  /** As `addFields`, with numbers that are added to those of the same name. */
  readonly sumFields: (fields: Readonly<Record<string, number>>) => void;
}
