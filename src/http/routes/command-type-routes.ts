import { z } from 'zod';

import type { Catalogue } from '#application/catalogue/catalogue.js';
import { ApplicationError } from '#application/domain/errors.js';

import { endpoint, type Endpoint } from '../endpoint.js';
import { ok } from '../reply.js';
import { commandTypeSchema, presentCommandType } from '../schemas/command-schemas.js';
import { lineOfText } from '../schemas/plain-text.js';

const tag = 'Command types';

/** The catalogue: what can be ordered, and with which parameters. */
export function commandTypeRoutes(catalogue: Catalogue): readonly Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/command-types',
      operationId: 'listCommandTypes',
      tag,
      summary: 'List command types',
      description: 'The whole catalogue; it is short, so it is always one page.',
      role: 'viewer',
      access: 'read',
      asksDatabase: false,
      replies: {
        200: {
          description: 'The catalogue',
          schema: z.object({ items: z.array(commandTypeSchema), next_cursor: z.null() }),
        },
      },
      handle: () => Promise.resolve(catalogue.all()),
      reply: (types) => ok({ items: types.map(presentCommandType), next_cursor: null }),
    }),
    endpoint({
      method: 'get',
      path: '/command-types/{name}',
      operationId: 'showCommandType',
      tag,
      summary: 'Show a command type',
      role: 'viewer',
      access: 'read',
      asksDatabase: false,
      params: z.object({ name: lineOfText(1, 64) }),
      replies: { 200: { description: 'The command type', schema: commandTypeSchema } },
      errors: ['command-type-not-found'],
      handle: (_work, _actor, { params: { name } }) => {
        const type = catalogue.find(name);
        if (type === undefined) throw new ApplicationError('command-type-not-found', 'There is no such command type.');
        return Promise.resolve(type);
      },
      reply: (type) => ok(presentCommandType(type)),
    }),
  ];
}
