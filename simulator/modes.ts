import { z } from 'zod';

import { type Answer, done, ok } from './answer.js';
import type { ModeModel } from './car-model.js';
import type { Entity } from './entity.js';
import { withSchema } from './json-schema.js';
import { incompleteRequest, resourceNotFound } from './sovd-error.js';
import { byMethod, type SovdRequest } from './sovd-request.js';

const changeShape = z.object({
  value: z.string(),
  mode_expiration: z.number().positive().max(86_400).optional(),
  /** Hex digits, with or without 0x and blanks. */
  key: z.string().optional(),
});
const modeListShape = z.object({
  items: z.array(z.object({ id: z.string(), name: z.string(), translation_id: z.string() })),
});

/** `{entity}/modes` and `{entity}/modes/{mode}`: session, security access by seed and key, fault setting. */
export function answerModes(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [id, ...deeper] = rest;
  if (deeper.length > 0) throw resourceNotFound(`modes/${rest.join('/')}`);
  const modes = entity.model.modes ?? [];
  if (id === undefined) {
    const items = modes.map((mode) => ({ id: mode.id, name: mode.name, translation_id: `mode.${mode.id}` }));
    return byMethod(request, { GET: () => ok(withSchema(request, { items }, modeListShape)) });
  }
  const mode = modes.find((candidate) => candidate.id === id);
  if (mode === undefined) throw resourceNotFound(`mode ${id}`);
  return byMethod(request, {
    GET: () => readMode(entity, request, mode),
    PUT: () => setMode(entity, request, mode),
  });
}

function readMode(entity: Entity, request: SovdRequest, mode: ModeModel): Answer {
  const body = { name: mode.name, translation_id: `mode.${mode.id}`, value: entity.modes.valueOf(mode.id) };
  const values = entity.modes.allowedValues(mode.id);
  const shape = z.object({ name: z.string(), translation_id: z.string(), value: z.enum(values) });
  return ok(withSchema(request, body, shape));
}

function setMode(entity: Entity, request: SovdRequest, mode: ModeModel): Answer {
  const change = request.read(changeShape);
  entity.locks.demandWriteAccess('modes', request.client);
  const seedFor = /^(.+)_requestseed$/u.exec(change.value)?.[1];
  const value = seedFor ?? change.value;
  const allowed = entity.modes.allowedValues(mode.id);
  if (!allowed.includes(value) || (seedFor !== undefined && mode.id !== 'security')) {
    throw incompleteRequest(`${mode.id} can't be set to ${change.value}.`, { possible_values: allowed });
  }
  if (seedFor !== undefined) return done({ id: mode.id, seed: entity.modes.requestSeed() });

  const isFallback = value === allowed[0];
  if (!isFallback && change.mode_expiration === undefined) {
    throw incompleteRequest('mode_expiration (seconds) is missing.', { errors: [{ path: '/mode_expiration' }] });
  }
  const expiresInSeconds = change.mode_expiration ?? Number.POSITIVE_INFINITY;
  if (mode.id === 'security' && !isFallback) entity.modes.unlock(value, change.key, expiresInSeconds);
  else entity.modes.set(mode.id, value, expiresInSeconds);
  return done({ id: mode.id, value });
}
