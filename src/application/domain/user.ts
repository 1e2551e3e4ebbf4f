/** What somebody may do: look, run diagnostics, or run the service. Each includes the ones before. */
export const roles = ['viewer', 'engineer', 'admin'] as const;

/** One of the roles, from the least to the most. */
export type Role = (typeof roles)[number];

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
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An account. Accounts are deactivated, never deleted. */
export class User implements UserRecord {
  declare protected readonly nominal: 'User';
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;

  private constructor(record: UserRecord) {
    this.id = record.id;
    this.username = record.username;
    this.email = record.email;
    this.passwordHash = record.passwordHash;
    this.role = record.role;
    this.isActive = record.isActive;
    this.createdAt = record.createdAt;
    this.updatedAt = record.updatedAt;
  }

  /** An account as it was stored; nothing is checked again. */
  static fromRecord(record: UserRecord): User {
    return new User(record);
  }

  /** A new, active account. */
  static create(fields: Pick<UserRecord, 'id' | 'username' | 'email' | 'passwordHash' | 'role'>, now: Date): User {
    return new User({ ...fields, isActive: true, createdAt: now, updatedAt: now });
  }
}
