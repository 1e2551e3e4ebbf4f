/** Passwords that attackers try first. */
export interface KnownPasswords {
  /** Whether a password is one of them, in whatever case. */
  readonly includes: (password: string) => Promise<boolean>;
}
