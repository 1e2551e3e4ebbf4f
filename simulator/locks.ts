import { z } from 'zod';

import { type Answer, created, noContent, ok } from './answer.js';
import type { Entity } from './entity.js';
import { type Lock, lockableScopes } from './lock-book.js';
import { preconditionNotFulfilled, resourceNotFound } from './sovd-error.js';
import { byMethod, type SovdRequest } from './sovd-request.js';

const maxExpirationSeconds = 3600;
const expiration = z.number().positive().max(maxExpirationSeconds);
const acquireShape = z.object({
  lock_expiration: expiration,
  break_lock: z.boolean().default(false),
  scopes: z
    .array(z.enum(lockableScopes))
    .min(1)
    .default([...lockableScopes]),
});
const extendShape = z.object({ lock_expiration: expiration });

/** `{entity}/locks` and `{entity}/locks/{id}`. The owner is the bearer's subject or the X-Client-Id. */
export function answerLocks(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [id, ...deeper] = rest;
  if (deeper.length > 0) throw resourceNotFound(`locks/${rest.join('/')}`);
  if (id === undefined) {
    return byMethod(request, {
      GET: () => ok({ items: entity.locks.list().map((lock) => ({ id: lock.id, ...presentLock(lock, request) })) }),
      POST: () => acquire(entity, request),
    });
  }
  const lock = entity.locks.find(id);
  if (lock === undefined) throw resourceNotFound(`lock ${id}`);
  return byMethod(request, {
    GET: () => ok({ lock_expiration: new Date(lock.expiresAt).toISOString(), ...presentLock(lock, request) }),
    PUT: () => extend(lock, request),
    DELETE: () => release(entity, lock, request),
  });
}

function acquire(entity: Entity, request: SovdRequest): Answer {
  const wanted = request.read(acquireShape);
  for (;;) {
    const obstacle = entity.locks.obstacle(wanted.scopes, request.client);
    if (obstacle === undefined) break;
    if (!wanted.break_lock) {
      throw preconditionNotFulfilled('Another client holds a lock here.', { locked_scopes: obstacle.scopes });
    }
    entity.locks.break(obstacle);
  }
  const lock = entity.locks.acquire(request.client, wanted.scopes, wanted.lock_expiration);
  return created(`${entity.href}/locks/${lock.id}`, { id: lock.id });
}

function extend(lock: Lock, request: SovdRequest): Answer {
  const { lock_expiration: seconds } = request.read(extendShape);
  demandOwner(lock, request);
  lock.expiresAt = Date.now() + seconds * 1000;
  return noContent();
}

function release(entity: Entity, lock: Lock, request: SovdRequest): Answer {
  demandOwner(lock, request);
  entity.locks.release(lock.id);
  return noContent();
}

function demandOwner(lock: Lock, request: SovdRequest): void {
  if (lock.owner !== request.client) throw preconditionNotFulfilled('The lock belongs to another client.');
}

function presentLock(lock: Lock, request: SovdRequest): object {
  return { owned: lock.owner === request.client, scopes: lock.scopes };
}
