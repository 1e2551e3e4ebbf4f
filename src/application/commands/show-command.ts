import { requireCommand } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import type { Response } from '../domain/response.js';
import type { Work } from '../ports/unit-of-work.js';

/** The most responses that come along with a command; more are to be had page by page. */
export const maxInlineResponses = 100;

/** A command with the first of its responses. */
export interface CommandWithResponses {
  readonly command: Command;
  readonly responses: readonly Response[];
}

/** A command as it is now, with its first responses. Throws `command-not-found`. */
export async function showCommandWithResponses(
  work: Pick<Work, 'commands'>,
  actor: KnownActor,
  commandId: string,
): Promise<CommandWithResponses> {
  const command = await requireCommand(work, actor, commandId);
  const responses = await work.commands.listResponses(command.id, 0, maxInlineResponses);
  return { command, responses };
}
