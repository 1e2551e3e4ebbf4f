import type { User } from '../domain/user.js';

/** Accounts. */
export interface UserRepository {
  readonly load: (id: string) => Promise<User | undefined>;
  /** Usernames are compared without regard to case. */
  readonly findByUsername: (username: string) => Promise<User | undefined>;
  /** Noted; a taken username or e-mail address is `username-taken` or `email-taken` at the commit. */
  readonly add: (user: User) => void;
}
