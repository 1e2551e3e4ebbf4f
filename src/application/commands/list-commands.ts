import { visibleVehicles } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import type { CommandFilter } from '../ports/command-repository.js';
import type { Page, PageRequest } from '../ports/paging.js';
import type { Work } from '../ports/unit-of-work.js';

/** A page of the commands whose vehicles the actor may see, newest first. */
export async function listCommands(
  work: Pick<Work, 'commands'>,
  actor: KnownActor,
  filter: Omit<CommandFilter, 'scope'>,
  page: PageRequest,
): Promise<Page<Command>> {
  // The scope has the last word, and no spread before it: see ADR 10.
  return work.commands.list(Object.assign({}, filter, { scope: visibleVehicles(actor) }), page);
}
