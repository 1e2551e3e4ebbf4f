import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import { entityPath } from '../domain/sovd/entity.js';
import { entity, faultCode, faultScope } from './sovd-parameters.js';
import { askOnce, readAnything } from './vehicle-answers.js';

const parameters = z
  .strictObject({
    entity,
    fault_code: faultCode.optional().describe('Only this fault; all of them when absent.'),
    scope: faultScope.optional(),
  })
  .refine(({ fault_code, scope }) => fault_code === undefined || scope === undefined, {
    path: ['scope'],
    message: 'goes with the clearing of all faults only; leave out scope or fault_code',
  });

/** Clears the fault memory of an entity, or one fault of it (SOVD, faults). */
export const clearFaults: CommandType<z.output<typeof parameters>> = {
  name: 'clear-faults',
  title: 'Clear faults',
  description:
    'Clears all faults of an entity, those of a scope, or a single one. A server that cannot clear a single fault refuses it; then nothing is cleared.',
  parameters,
  example: { entity: 'components/engine-control' },
  safety: 'idempotent',
  role: 'engineer',
  requests: ['DELETE {entity}/faults', 'DELETE {entity}/faults/{fault_code}'],
  run: async function* (wanted, exchange) {
    const path =
      wanted.fault_code === undefined
        ? entityPath(wanted.entity, 'faults')
        : entityPath(wanted.entity, 'faults', wanted.fault_code);
    const request = {
      method: 'DELETE',
      path,
      ...(wanted.scope === undefined ? {} : { query: [['scope', wanted.scope] as const] }),
    } as const;
    const reading = {
      safety: 'idempotent',
      subject: 'faults',
      isFinal: true,
      mayRetry: false,
      read: readAnything,
    } as const;
    yield await askOnce(exchange, request, reading);
  },
};
