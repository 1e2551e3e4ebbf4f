import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';

/** Throws `responses-purged` when the responses of a command are gone because they were older than they are kept. */
export function requireKeptResponses(command: Command): void {
  if (command.responsesPurgedAt !== undefined) throw responsesPurged(command.responsesPurgedAt);
}

/** What is said of responses that are gone. */
export function responsesPurged(at: Date): ApplicationError {
  return new ApplicationError('responses-purged', 'The responses of this command are not kept any more.', {
    extensions: { responses_purged_at: at.toISOString() },
  });
}
