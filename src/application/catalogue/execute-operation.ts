import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import { entityPath } from '../domain/sovd/entity.js';
import { definedOnly } from '../domain/sovd/list-document.js';
import { readExecution } from '../domain/sovd/operation.js';
import { entity, operationId } from './sovd-parameters.js';
import { toResponse } from './vehicle-answers.js';

const parameters = z.strictObject({
  entity,
  operation_id: operationId,
  parameters: z.record(z.string().max(256), z.json()).optional().describe('What the operation asks for.'),
  timeout: z
    .int()
    .min(1)
    .max(3600)
    .optional()
    .describe(
      'Seconds after which the vehicle itself is to give the execution up; a little less than `timeout_seconds` of the command when absent.',
    ),
});

/** Starts an operation and follows it to its end (SOVD, operations and executions). */
export const executeOperation: CommandType<z.output<typeof parameters>> = {
  name: 'execute-operation',
  title: 'Execute an operation',
  description:
    'Starts an operation of an entity. An asynchronous execution is followed to its end, a response per change. Cancelling the command stops the execution on the vehicle.',
  parameters,
  example: { entity: 'components/engine-control', operation_id: 'cooling-fan-test', parameters: { speed_percent: 60 } },
  safety: 'unsafe',
  role: 'engineer',
  requests: [
    'POST {entity}/operations/{operation_id}/executions',
    'GET {entity}/operations/{operation_id}/executions/{execution_id}',
    'DELETE {entity}/operations/{operation_id}/executions/{execution_id}',
  ],
  run: async function* (wanted, exchange) {
    const path = entityPath(wanted.entity, 'operations', wanted.operation_id, 'executions');
    const body = definedOnly({
      timeout: wanted.timeout,
      parameters: wanted.parameters,
    });
    const request = { method: 'POST', path, body } as const;
    let count = 0;
    for await (const answer of exchange.send(request)) {
      yield toResponse(request, answer, {
        safety: 'unsafe',
        subject: `execution#${count}`,
        isFinal: true,
        mayRetry: false,
        read: (document) => readExecution(document, answer),
        readNothing: () => readExecution(null, answer),
      });
      count += 1;
    }
  },
};
