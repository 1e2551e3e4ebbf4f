/** Password hashing, away from the event loop and bounded. How the characters of a password were typed makes no difference. */
export interface PasswordHasher {
  readonly hash: (password: string) => Promise<string>;
  /** Without a hash (the user is unknown) it does the same work and says no. */
  readonly verify: (hash: string | undefined, password: string) => Promise<boolean>;
}
