import { z } from 'zod';

import { memberRoles, type Fleet, type OwnMembership } from '#application/domain/fleet.js';
import type { Visible } from '#application/domain/visibility-scope.js';
import type { Member } from '#application/ports/fleet-repository.js';

import { lineOfText, timestamp, uuid } from './plain-text.js';
import { optionalTimestampText, timestampText } from './timestamp-text.js';

const name = lineOfText(1, 100).meta({ description: 'Unique, in upper or lower case.', examples: ['prototypes'] });
const memberRole = z.enum(memberRoles);
const until = timestamp.nullable().meta({ description: 'When the membership ends; null when it has no end.' });

/** Body of a new fleet. */
export const createFleetBody = z.object({ name }).meta({ id: 'CreateFleet' });

/** Body of a change. */
export const changeFleetBody = z.object({ name }).meta({ id: 'ChangeFleet' });

/** Body of a membership. */
export const setMemberBody = z
  .object({
    role: memberRole.meta({ description: 'Gives no more than the role of the account.' }),
    until: timestamp.nullable().optional().meta({ description: 'When it ends; never when absent or null.' }),
  })
  .meta({ id: 'SetMember' });

/** A fleet. */
export const fleetSchema = z
  .object({
    fleet_id: uuid,
    name: z.string(),
    my_role: memberRole.nullable().meta({
      description: 'The role of your membership; null for an admin, who needs none.',
    }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Fleet', description: 'Vehicles that belong together.' });

/** A member of a fleet. */
export const memberSchema = z
  .object({
    fleet_id: uuid,
    user_id: uuid,
    username: z.string(),
    role: memberRole,
    until,
    created_at: timestamp,
  })
  .meta({ id: 'Member', description: 'A user who works with the vehicles of a fleet.' });

/** A membership of whoever asks. */
export const membershipSchema = z
  .object({ fleet_id: uuid, fleet_name: z.string(), role: memberRole, until })
  .meta({ id: 'Membership', description: 'A fleet that an account works with.' });

/** A fleet as it is shown. */
export function presentFleet({ item, memberRole: role }: Visible<Fleet>): z.output<typeof fleetSchema> {
  return {
    fleet_id: item.id,
    name: item.name,
    my_role: role ?? null,
    created_at: timestampText(item.createdAt),
    updated_at: timestampText(item.updatedAt),
  };
}

/** A member as it is shown. */
export function presentMember({ membership, username }: Member): z.output<typeof memberSchema> {
  return {
    fleet_id: membership.fleetId,
    user_id: membership.userId,
    username,
    role: membership.role,
    until: optionalTimestampText(membership.until),
    created_at: timestampText(membership.createdAt),
  };
}

/** A membership as its owner sees it. */
export function presentMembership(membership: OwnMembership): z.output<typeof membershipSchema> {
  return {
    fleet_id: membership.fleetId,
    fleet_name: membership.fleetName,
    role: membership.role,
    until: optionalTimestampText(membership.until),
  };
}
