import { requireCommand } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Response } from '../domain/response.js';
import type { Work } from '../ports/unit-of-work.js';
import { requireKeptResponses } from './require-kept-responses.js';

/** Part of a numbered list: its items, and the number where it goes on, or undefined at its end. */
export interface NumberedPage<Item> {
  readonly items: readonly Item[];
  readonly next: number | undefined;
}

/** Responses of a command in order, from a sequence number on. Throws `command-not-found` or `responses-purged`. */
export async function listResponses(
  work: Pick<Work, 'commands'>,
  actor: KnownActor,
  commandId: string,
  from: number,
  limit: number,
): Promise<NumberedPage<Response>> {
  const command = await requireCommand(work, actor, commandId);
  requireKeptResponses(command);
  const items = await work.commands.listResponses(command.id, from, limit + 1);
  // They go all at once: a part of the list is never seen, but none may be because they have gone since.
  if (items.length === 0 && from < command.record.responseCount) {
    requireKeptResponses(await requireCommand(work, actor, commandId));
  }
  const shown = items.slice(0, limit);
  return { items: shown, next: items[limit]?.sequenceNumber };
}
