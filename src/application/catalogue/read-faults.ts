import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import type { VehicleResponse } from '../domain/response.js';
import { entityPath } from '../domain/sovd/entity.js';
import type { VehicleExchange } from '../domain/sovd/exchange.js';
import { readFaultDetail, readFaultList, type Fault } from '../domain/sovd/fault.js';
import { faultQuery, isWanted } from '../domain/sovd/fault-filter.js';
import { definedOnly } from '../domain/sovd/list-document.js';
import { entity, faultScope, isAddressable } from './sovd-parameters.js';
import { askOnce } from './vehicle-answers.js';

const statusWord = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*(?![\s\S])/u, 'must be a word such as confirmedDTC');

const statusText = z
  .string()
  .max(64)
  .regex(/^[^\p{Cc}\p{Cs}]*(?![\s\S])/u, 'must not hold control characters');

const statusByName = z
  .record(statusWord, z.union([statusText, z.array(statusText).min(1).max(16)]))
  .refine((status) => Object.keys(status).length > 0, 'must not be empty')
  .meta({ minProperties: 1 });

const statusWords = z
  .array(statusWord)
  .min(1)
  .max(16)
  .refine((words) => new Set(words).size === words.length, 'must not name a word twice')
  .meta({ uniqueItems: true });

const parameters = z.strictObject({
  entity,
  status: z
    .union([statusByName, statusWords])
    .optional()
    .describe(
      'Only faults with one of these status values (any match), named as the vehicle names them: `{ "confirmedDTC": "1" }`, `{ "mask": "0x08" }` (any common bit), or, for vehicles that tell the status in one word, `["confirmed"]`.',
    ),
  severity: z
    .int()
    .min(1)
    .max(5)
    .optional()
    .describe(
      'Only faults with a severity number below this one, as SOVD counts: 1 fatal, 2 error, 3 warning, 4 info. So 3 gives fatal ones and errors. A fault whose severity is not told is kept.',
    ),
  scope: faultScope.optional(),
  details: z
    .boolean()
    .optional()
    .describe("Also each fault's environment data, as a response of its own; false when absent."),
});

type Parameters = z.output<typeof parameters>;

/** Reads the fault memory of an entity (SOVD, faults). */
export const readFaults: CommandType<Parameters> = {
  name: 'read-faults',
  title: 'Read faults',
  description: 'Reads the faults of an entity, filtered by status, severity and scope; with details if wanted.',
  parameters,
  example: { entity: 'components/body-control', details: true },
  safety: 'safe',
  role: 'engineer',
  requests: ['GET {entity}/faults', 'GET {entity}/faults/{code}'],
  run,
};

async function* run(wanted: Parameters, exchange: VehicleExchange): AsyncGenerator<VehicleResponse, void, undefined> {
  const { list, faults } = await readList(wanted, exchange);
  const codes = wanted.details === true ? [...new Set(faults.map((fault) => fault.code))] : [];
  const readable = codes.filter(isAddressable);
  yield {
    ...list,
    isFinal: readable.length === 0,
    ...(readable.length === codes.length ? {} : { refusal: unaddressable }),
  };
  for (const [index, code] of readable.entries()) {
    yield await askOnce(
      exchange,
      { method: 'GET', path: entityPath(wanted.entity, 'faults', code) },
      {
        safety: 'safe',
        subject: `faults/${code}`,
        isFinal: index === readable.length - 1,
        mayRetry: false,
        read: (document) => readFaultDetail(code, document),
      },
    );
  }
}

const unaddressable = {
  code: 'vehicle-invalid-response',
  message: 'The vehicle has faults whose codes cannot stand in a path, so that their details cannot be read.',
} as const;

async function readList(
  wanted: Parameters,
  exchange: VehicleExchange,
): Promise<{ readonly list: VehicleResponse; readonly faults: readonly Fault[] }> {
  let faults: readonly Fault[] = [];
  const list = await askOnce(
    exchange,
    { method: 'GET', path: entityPath(wanted.entity, 'faults'), query: faultQuery(wanted) },
    {
      safety: 'safe',
      subject: 'faults',
      isFinal: true,
      mayRetry: true,
      read: (document) => {
        const all = readFaultList(document);
        if (all === undefined) return undefined;
        faults = all.faults.filter((fault) => isWanted(fault, wanted));
        return definedOnly({ faults: faults.map((fault) => fault.document), total_on_vehicle: all.total });
      },
    },
  );
  return { list, faults: list.refusal === undefined ? faults : [] };
}
