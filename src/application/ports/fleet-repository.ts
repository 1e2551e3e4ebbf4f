import type { Fleet, Membership } from '../domain/fleet.js';
import type { VehicleScope, Visible } from '../domain/visibility-scope.js';
import type { Page, PageRequest } from './paging.js';

/** A membership, and whose it is. */
export interface Member {
  readonly membership: Membership;
  readonly username: string;
}

/** Fleets and their members. */
export interface FleetRepository {
  readonly load: (id: string) => Promise<Fleet | undefined>;
  /** Those of the ids that are fleets. */
  readonly findExisting: (ids: readonly string[]) => Promise<readonly string[]>;
  /** The fleet, if the scope covers its vehicles. */
  readonly loadVisible: (id: string, scope: VehicleScope) => Promise<Visible<Fleet> | undefined>;
  /** Newest first. */
  readonly list: (scope: VehicleScope, page: PageRequest) => Promise<Page<Visible<Fleet>>>;
  /** Noted; a taken name is `fleet-name-taken` at the commit. */
  readonly add: (fleet: Fleet) => void;
  /** Noted; a taken name is `fleet-name-taken` at the commit. */
  readonly save: (fleet: Fleet) => void;
  /** Newest first, ended memberships too. */
  readonly listMembers: (fleetId: string, page: PageRequest) => Promise<Page<Member>>;
  readonly findMember: (fleetId: string, userId: string) => Promise<Membership | undefined>;
  /** Noted: makes somebody a member, or changes what the membership says. */
  readonly setMember: (membership: Membership) => void;
  /** Noted. */
  readonly removeMember: (fleetId: string, userId: string) => void;
}
