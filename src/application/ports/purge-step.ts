/** What a step of a purge deleted. */
export interface PurgeStep {
  /** The rows that are gone. */
  readonly rows: number;
  /** Whether there may be more to do now. */
  readonly mayHaveMore: boolean;
}
