/** Where tries to log in are counted. Keys are opaque; what isn't touched for its time is forgotten. */
export interface LoginLedger {
  /** Counts one more, and gives the count. */
  readonly count: (key: string) => Promise<number>;
  readonly uncount: (key: string) => Promise<void>;
  /** For how many milliseconds the gate stays shut; 0 when it is open. */
  readonly shutMillis: (key: string) => Promise<number>;
  /** Goes through an open gate and shuts it behind. False when somebody else was faster. */
  readonly pass: (key: string, shutSeconds: number) => Promise<boolean>;
  readonly openGate: (key: string) => Promise<void>;
  /** Forgets the count, and opens the gate. */
  readonly forget: (key: string) => Promise<void>;
  /** Marks where the owner of an account has come from. */
  readonly trust: (key: string) => Promise<void>;
  readonly isTrusted: (key: string) => Promise<boolean>;
}

/** For how long a count is kept, from its first try on. */
export const countSeconds = 86_400;

/** For how long an address is remembered from which the owner of an account has logged in. */
export const trustSeconds = 7 * 86_400;
