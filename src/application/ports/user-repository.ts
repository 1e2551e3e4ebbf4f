import type { OwnMembership } from '../domain/fleet.js';
import type { Role, User } from '../domain/user.js';
import type { Page, PageRequest } from './paging.js';

/** Which accounts a list shows. */
export interface UserFilter {
  readonly role?: Role;
  readonly isActive?: boolean;
  /** Part of the username or of the e-mail address, in whatever case. */
  readonly text?: string;
}

/** A user, and the fleets that they work with. */
export interface Account {
  readonly user: User;
  readonly memberships: readonly OwnMembership[];
}

/** Accounts. */
export interface UserRepository {
  readonly load: (id: string) => Promise<User | undefined>;
  /** As `load`; and nobody changes the account until the unit ends. */
  readonly loadAndHold: (id: string) => Promise<User | undefined>;
  /** As `loadAndHold`, for whoever is going to change it: at the same time nobody else holds it. */
  readonly loadToChange: (id: string) => Promise<User | undefined>;
  /**
   * The ids of all active administrators, none of whom anybody changes until the unit ends. To be called before
   * `loadToChange`, so that two who want the same rows never wait for each other.
   */
  readonly lockActiveAdmins: () => Promise<readonly string[]>;
  /** An account with its memberships that hold now, by name of the fleet. */
  readonly loadAccount: (id: string) => Promise<Account | undefined>;
  /** Usernames are compared without regard to case. */
  readonly findByUsername: (username: string) => Promise<User | undefined>;
  /** Newest first. */
  readonly list: (filter: UserFilter, page: PageRequest) => Promise<Page<User>>;
  /** Noted; a taken username or e-mail address is `username-taken` or `email-taken` at the commit. */
  readonly add: (user: User) => void;
  /** Noted; a taken e-mail address is `email-taken` at the commit. */
  readonly save: (user: User) => void;
}
