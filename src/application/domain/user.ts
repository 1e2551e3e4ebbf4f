/** What somebody may do: look, run diagnostics, or run the service. Each includes the ones before. */
export const roles = ['viewer', 'engineer', 'admin'] as const;

/** One of the roles, from the least to the most. */
export type Role = (typeof roles)[number];

/** 1 to 64 characters, none of them a blank. */
export const usernamePattern = /^[^\s\p{Cc}]{1,64}(?![\s\S])/u;

/** Something on both sides of one @; whether anybody gets mail there only a mail can show. */
export const emailPattern = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+(?![\s\S])/u;

/** Whether a role includes another. */
export function includesRole(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed);
}

/** The fields of a user, as they are kept. */
export interface UserRecord {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly isActive: boolean;
  /** Grows with each change after which access tokens that were made before must not be good any more. */
  readonly accessVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What can be changed of an account. The name stays: it stands in the audit log. */
export type UserChanges = Partial<Pick<UserRecord, 'email' | 'role' | 'isActive' | 'passwordHash'>>;

/** An account. Accounts are deactivated, never deleted. */
export class User implements UserRecord {
  declare protected readonly nominal: 'User';
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly isActive: boolean;
  readonly accessVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;

  private constructor(record: UserRecord) {
    this.id = record.id;
    this.username = record.username;
    this.email = record.email;
    this.passwordHash = record.passwordHash;
    this.role = record.role;
    this.isActive = record.isActive;
    this.accessVersion = record.accessVersion;
    this.createdAt = record.createdAt;
    this.updatedAt = record.updatedAt;
  }

  /** An account as it was stored; nothing is checked again. */
  static fromRecord(record: UserRecord): User {
    return new User(record);
  }

  /** A new, active account. */
  static create(fields: Pick<UserRecord, 'id' | 'username' | 'email' | 'passwordHash' | 'role'>, now: Date): User {
    return new User({ ...fields, isActive: true, accessVersion: 0, createdAt: now, updatedAt: now });
  }

  /** Whether the account can run the service now. */
  get isActiveAdmin(): boolean {
    return this.role === 'admin' && this.isActive;
  }

  /** The account after a change. */
  change(changes: UserChanges, now: Date): User {
    return new User({ ...this.record, ...changes, updatedAt: now });
  }

  /** The account after what ends the access that its tokens give. */
  withoutAccess(): User {
    return new User({ ...this.record, accessVersion: this.accessVersion + 1 });
  }

  private get record(): UserRecord {
    const { id, username, email, passwordHash, role, isActive, accessVersion, createdAt, updatedAt } = this;
    return { id, username, email, passwordHash, role, isActive, accessVersion, createdAt, updatedAt };
  }
}
