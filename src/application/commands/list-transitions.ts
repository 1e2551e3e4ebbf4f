import { requireCommand } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Transition } from '../domain/command.js';
import type { Work } from '../ports/unit-of-work.js';
import type { NumberedPage } from './list-responses.js';

/** Transitions of a command in order, from an event number on. Throws `command-not-found`. */
export async function listTransitions(
  work: Pick<Work, 'commands'>,
  actor: KnownActor,
  commandId: string,
  from: number,
  limit: number,
): Promise<NumberedPage<Transition>> {
  const command = await requireCommand(work, actor, commandId);
  const items = await work.commands.listTransitions(command.id, from - 1, limit + 1);
  return { items: items.slice(0, limit), next: items[limit]?.eventNumber };
}
