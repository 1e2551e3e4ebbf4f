import { createHash } from 'node:crypto';

import { isVisible } from '../access/visibility.js';
import type { UserActor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import { isJsonObject, type Json } from '../domain/json.js';
import type { Visible } from '../domain/visibility-scope.js';
import type { Work } from '../ports/unit-of-work.js';

/** The fingerprint of a request: the same for the same content, in whatever order its members came. */
export function fingerprint(request: Json): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/**
 * The command that was accepted for the same key and the same request, or undefined when the key is free. A key that is
 * older than a day is freed. With it comes the role that the user holds now as a member of the fleet of its vehicle. Throws `idempotency-key-reused` when it came with another request.
 */
export async function findAccepted(
  work: Pick<Work, 'commands'>,
  actor: UserActor,
  key: string,
  requestHash: string,
  now: Date,
): Promise<Visible<Command> | undefined> {
  const found = await work.commands.findByIdempotencyKey(actor.userId, key);
  if (found === undefined) return undefined;
  const { item: command } = found;
  if (!command.holdsKey(now)) {
    await work.commands.releaseIdempotencyKey(command.id);
    return undefined;
  }
  if (command.record.requestHash !== requestHash) {
    throw new ApplicationError(
      'idempotency-key-reused',
      'This Idempotency-Key came with another request before. Use a new key for a new command.',
      { extensions: isVisible(actor, found.memberRole) ? { command_id: command.id } : {} },
    );
  }
  return found;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name] ?? null)]),
  );
}
