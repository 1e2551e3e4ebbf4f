import { requireFleet } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Member } from '../ports/fleet-repository.js';
import type { Page, PageRequest } from '../ports/paging.js';
import type { Work } from '../ports/unit-of-work.js';

/** A page of the members of a fleet, newest first. Throws `fleet-not-found`. */
export async function listMembers(
  work: Pick<Work, 'fleets'>,
  actor: KnownActor,
  fleetId: string,
  page: PageRequest,
): Promise<Page<Member>> {
  await requireFleet(work, actor, fleetId);
  return work.fleets.listMembers(fleetId, page);
}
