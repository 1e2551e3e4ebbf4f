import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import type { Json } from '../domain/json.js';
import type { VehicleResponse } from '../domain/response.js';
import { entityPath } from '../domain/sovd/entity.js';
import type { SovdQuery, VehicleExchange } from '../domain/sovd/exchange.js';
import { readFault, readFaultList, statusName, statusValue, type Fault } from '../domain/sovd/fault.js';
import { definedOnly } from '../domain/sovd/list-document.js';
import { isJsonObject } from '../domain/json.js';
import { entity, faultScope } from './sovd-parameters.js';
import { askOnce } from './vehicle-answers.js';

const statusKey = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_]*(?![\s\S])/u);

const parameters = z.strictObject({
  entity,
  status: z
    .record(statusKey, z.string().max(64))
    .optional()
    .describe(
      'Only faults with one of these status values (any match), as SOVD writes them: `{ "confirmedDTC": "1" }`.',
    ),
  severity: z
    .int()
    .min(1)
    .max(5)
    .optional()
    .describe('Only faults with a severity number below this one; 1 is the worst.'),
  scope: faultScope.optional(),
  details: z.boolean().optional().describe("Also each fault's environment data, as a response of its own."),
});

type Parameters = z.output<typeof parameters>;

/** Reads the fault memory of an entity (SOVD, faults). */
export const readFaults: CommandType<Parameters> = {
  name: 'read-faults',
  title: 'Read faults',
  description: 'Reads the faults of an entity, filtered by status, severity and scope; with details if wanted.',
  parameters,
  example: { entity: 'components/engine-control', details: true },
  safety: 'safe',
  role: 'engineer',
  requests: ['GET {entity}/faults', 'GET {entity}/faults/{code}'],
  run,
};

async function* run(wanted: Parameters, exchange: VehicleExchange): AsyncGenerator<VehicleResponse, void, undefined> {
  let faults: readonly Fault[] = [];
  const wantsDetails = wanted.details === true;
  const list = await askOnce(
    exchange,
    { method: 'GET', path: entityPath(wanted.entity, 'faults'), query: queryOf(wanted) },
    {
      safety: 'safe',
      subject: 'faults',
      isFinal: true,
      mayRetry: true,
      read: (document) => {
        const all = readFaultList(document);
        if (all === undefined) return undefined;
        // Servers ignore filters that they don't know, so the filters are applied again here.
        faults = all.filter((fault) => isWanted(fault, wanted));
        return { faults: faults.map((fault) => fault.document) };
      },
    },
  );
  const codes = wantsDetails ? [...new Set(faults.map((fault) => fault.code))] : [];
  yield { ...list, isFinal: codes.length === 0 };
  for (const [index, code] of codes.entries()) {
    yield await askOnce(
      exchange,
      { method: 'GET', path: entityPath(wanted.entity, 'faults', code) },
      {
        safety: 'safe',
        subject: `faults/${code}`,
        isFinal: index === codes.length - 1,
        mayRetry: false,
        read: readDetail,
      },
    );
  }
}

function queryOf({ status, severity, scope }: Parameters): SovdQuery {
  const query: [string, string][] = Object.entries(status ?? {}).map(([name, value]) => [`status[${name}]`, value]);
  if (severity !== undefined) query.push(['severity', String(severity)]);
  if (scope !== undefined) query.push(['scope', scope]);
  return query;
}

function isWanted(fault: Fault, { status, severity, scope }: Parameters): boolean {
  if (severity !== undefined && fault.severity !== undefined && fault.severity >= severity) return false;
  if (scope !== undefined && fault.scope !== undefined && fault.scope !== scope) return false;
  if (status === undefined) return true;
  return Object.entries(status).some(([name, value]) => {
    const actual = fault.status[statusName(name)];
    return actual !== undefined && isSameStatus(statusValue(actual), statusValue(value));
  });
}

/** Numbers and booleans are compared as they are written. */
function isSameStatus(one: Json, other: Json): boolean {
  return JSON.stringify(one).replaceAll('"', '') === JSON.stringify(other).replaceAll('"', '');
}

function readDetail(document: Json): Json | undefined {
  if (!isJsonObject(document)) return undefined;
  const fault = readFault(document);
  if (fault === undefined) return undefined;
  return definedOnly({ fault: fault.document, environment_data: document['environment_data'] });
}
