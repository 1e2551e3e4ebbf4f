/** A position in a list ordered by time and id, newest first. Lists continue after it, so they are stable under writes. */
export interface Cursor {
  readonly at: Date;
  readonly id: string;
}

/** Which part of a list is wanted. */
export interface PageRequest {
  /** 1 to 200. */
  readonly limit: number;
  readonly after: Cursor | undefined;
}

/** A part of a list, and where it goes on, or undefined at its end. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: Cursor | undefined;
}
