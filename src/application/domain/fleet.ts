import type { Role } from './user.js';

/** The fleet that is there from the start, and that vehicles go to when nobody names another. */
export const defaultFleetId = '00000000-0000-7000-8000-000000000001';

/** What a member of a fleet may do with its vehicles: look, or run diagnostics. */
export const memberRoles = ['viewer', 'engineer'] as const;

/** One of the roles of members. */
export type MemberRole = (typeof memberRoles)[number];

/** The fields of a fleet, as they are kept. */
export interface FleetRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Vehicles that belong together; each belongs to one fleet. Who works with them is its members. */
export class Fleet implements FleetRecord {
  declare protected readonly nominal: 'Fleet';
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;

  private constructor(record: FleetRecord) {
    this.id = record.id;
    this.name = record.name;
    this.createdAt = record.createdAt;
    this.updatedAt = record.updatedAt;
  }

  /** A fleet as it was stored; nothing is checked again. */
  static fromRecord(record: FleetRecord): Fleet {
    return new Fleet(record);
  }

  /** A new fleet without vehicles and members. */
  static create(id: string, name: string, now: Date): Fleet {
    return new Fleet({ id, name, createdAt: now, updatedAt: now });
  }

  /** The fleet under another name. */
  rename(name: string, now: Date): Fleet {
    return new Fleet({ id: this.id, name, createdAt: this.createdAt, updatedAt: now });
  }
}

/** That a user works with the vehicles of a fleet. */
export interface Membership {
  readonly fleetId: string;
  readonly userId: string;
  readonly role: MemberRole;
  /** From this time on the membership gives nothing any more; undefined when it has no end. */
  readonly until: Date | undefined;
  readonly createdAt: Date;
}

/** A membership as its user sees it, with the name of the fleet. */
export type OwnMembership = Pick<Membership, 'fleetId' | 'role' | 'until'> & { readonly fleetName: string };

/**
 * What somebody may do with a vehicle: an admin everything; else what the membership of its fleet says, and never more than
 * the role of the account. Undefined without a membership: then the vehicle does not exist for them.
 */
export function roleOnVehicle(accountRole: Role, memberRole: MemberRole | undefined): Role | undefined {
  if (accountRole === 'admin' || memberRole === undefined) return accountRole === 'admin' ? 'admin' : undefined;
  return accountRole === 'viewer' ? 'viewer' : memberRole;
}
