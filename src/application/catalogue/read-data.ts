import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import { readDataItem } from '../domain/sovd/data-item.js';
import { entityPath } from '../domain/sovd/entity.js';
import { dataId, entity } from './sovd-parameters.js';
import { askOnce } from './vehicle-answers.js';

const maxItems = 100;

const parameters = z.strictObject({
  entity,
  data_ids: z
    .array(dataId)
    .min(1)
    .max(maxItems)
    .refine((ids) => new Set(ids).size === ids.length, 'must not name an id twice')
    .meta({ uniqueItems: true })
    .describe(`The data items to read, 1 to ${maxItems}; a response each.`),
});

/** Reads data items of an entity (SOVD, data). All are tried, even when the vehicle refuses some. */
export const readData: CommandType<z.output<typeof parameters>> = {
  name: 'read-data',
  title: 'Read data',
  description: 'Reads data items of an entity, one after the other. All are tried, even when the vehicle refuses some.',
  parameters,
  example: { entity: 'components/engine-control', data_ids: ['engine-speed', 'coolant-temperature'] },
  safety: 'safe',
  role: 'engineer',
  requests: ['GET {entity}/data/{data_id}'],
  run: async function* (wanted, exchange) {
    for (const [index, id] of wanted.data_ids.entries()) {
      yield await askOnce(
        exchange,
        { method: 'GET', path: entityPath(wanted.entity, 'data', id) },
        {
          safety: 'safe',
          subject: `data/${id}`,
          isFinal: index === wanted.data_ids.length - 1,
          mayRetry: index === 0,
          read: (document) => readDataItem(id, document),
          // Servers say 204 when the item has no value at the moment.
          readNothing: () => ({ data_id: id, value: null }),
        },
      );
    }
  },
};
