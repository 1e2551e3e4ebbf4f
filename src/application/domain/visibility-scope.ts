import type { MemberRole } from './fleet.js';

/**
 * Which vehicles somebody may see, in a form that repositories carry into their queries: all, or those of the fleets that
 * the user is a member of now, by the database's truth and clock.
 */
export type VehicleScope = { readonly kind: 'all' } | { readonly kind: 'member'; readonly userId: string };

/** Something that a scope covers, and the membership's role that it is seen with; undefined where the scope is all. */
export interface Visible<Item> {
  readonly item: Item;
  readonly memberRole: MemberRole | undefined;
}
