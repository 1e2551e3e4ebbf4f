/** Which count was used up: of the account from this address, of the address, or of the account from all addresses. */
export type LoginLimit = 'account-and-address' | 'address' | 'account';

/** Who is said to try to log in, and from where. */
export interface LoginAttempt {
  /** As it was typed; it needn't be the name of anybody. */
  readonly username: string;
  readonly ipAddress: string | undefined;
}

/** A try that may go on. It was counted as a failure, so that tries at the same time can't slip through together. */
export interface AdmittedLogin {
  readonly kind: 'admitted';
  /** The password was right: the account's count begins anew. Never rejects. */
  readonly succeed: () => Promise<void>;
  /** Nobody looked at the password, for a reason of ours: the try doesn't count. Never rejects. */
  readonly withdraw: () => Promise<void>;
}

/** A try that comes too early. It counts for nothing. */
export interface RefusedLogin {
  readonly kind: 'refused';
  readonly limit: LoginLimit;
  /** After so long the next try is let through. */
  readonly retryAfterSeconds: number;
}

/** Slows down whoever guesses passwords. What it says doesn't depend on whether the account exists. */
export interface LoginThrottle {
  /** Asked before anything is known about the account. Never rejects: without the shared count it goes by its own. */
  readonly admit: (attempt: LoginAttempt) => Promise<AdmittedLogin | RefusedLogin>;
  readonly close: () => Promise<void>;
}
