import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import type { Json } from '../domain/json.js';
import { entityPath } from '../domain/sovd/entity.js';
import { dataId, entity } from './sovd-parameters.js';
import { askOnce, readAnything } from './vehicle-answers.js';

const parameters = z.strictObject({
  entity,
  data_id: dataId,
  value: z.json().describe('The new value, as the data item has it: any JSON.'),
});

/** Writes a data item of an entity (SOVD, data). */
export const writeData: CommandType<z.output<typeof parameters>> = {
  name: 'write-data',
  title: 'Write data',
  description: 'Writes a data item of an entity.',
  parameters,
  example: { entity: 'components/engine-control', data_id: 'idle-speed-setpoint', value: 800 },
  safety: 'idempotent',
  role: 'engineer',
  requests: ['PUT {entity}/data/{data_id}'],
  run: async function* (wanted, exchange) {
    const path = entityPath(wanted.entity, 'data', wanted.data_id);
    const request = { method: 'PUT', path, body: { data: wanted.value as Json } } as const;
    const subject = `data/${wanted.data_id}`;
    yield await askOnce(exchange, request, {
      safety: 'idempotent',
      subject,
      isFinal: true,
      mayRetry: false,
      read: readAnything,
    });
  },
};
