import { createHash } from 'node:crypto';

import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import { isJsonObject, type Json } from '../domain/json.js';
import type { Work } from '../ports/unit-of-work.js';

/** The fingerprint of a request: the same for the same content, in whatever order its members came. */
export function fingerprint(request: Json): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/**
 * The command that was accepted for the same key and the same request, or undefined when the key is free. A key that is
 * older than a day is freed. Throws `idempotency-key-reused` when it came with another request.
 */
export async function findAccepted(
  work: Pick<Work, 'commands'>,
  userId: string,
  key: string,
  requestHash: string,
  now: Date,
): Promise<Command | undefined> {
  const command = await work.commands.findByIdempotencyKey(userId, key);
  if (command === undefined) return undefined;
  if (!command.holdsKey(now)) {
    await work.commands.releaseIdempotencyKey(command.id);
    return undefined;
  }
  if (command.record.requestHash !== requestHash) {
    throw new ApplicationError(
      'idempotency-key-reused',
      'This Idempotency-Key came with another request before. Use a new key for a new command.',
      { extensions: { command_id: command.id } },
    );
  }
  return command;
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
