import { z } from 'zod';

import { type Answer, noContent, ok } from './answer.js';
import type { FaultModel } from './car-model.js';
import type { Entity } from './entity.js';
import { jsonSchema, withSchema } from './json-schema.js';
import { incompleteRequest, preconditionNotFulfilled, resourceNotFound } from './sovd-error.js';
import { byMethod, type SovdRequest } from './sovd-request.js';

const faultShape = z.object({
  code: z.string(),
  scope: z.string(),
  display_code: z.string(),
  fault_name: z.string(),
  fault_translation_id: z.string(),
  severity: z.int().min(1).max(4),
  status: z.record(z.string(), z.string()),
  symptom: z.string(),
  symptom_translation_id: z.string(),
  tags: z.array(z.string()).optional(),
});
const faultListShape = z.object({ items: z.array(faultShape) });
const faultDetailShape = z.object({ item: faultShape, environment_data: z.object({}).loose() });

/** `{entity}/faults` and `{entity}/faults/{code}` (SOVD: reading and clearing faults). */
export function answerFaults(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [code, ...deeper] = rest;
  if (deeper.length > 0) throw resourceNotFound(`faults/${rest.join('/')}`);
  if (code === undefined) {
    return byMethod(request, { GET: () => listFaults(entity, request), DELETE: () => clearFaults(entity, request) });
  }
  return byMethod(request, {
    GET: () => readFault(entity, request, code),
    DELETE: () => clearFault(entity, request, code),
  });
}

function listFaults(entity: Entity, request: SovdRequest): Answer {
  const matches = faultFilter(request.query);
  return ok(withSchema(request, { items: entity.faults.list().filter(matches).map(presentFault) }, faultListShape));
}

function readFault(entity: Entity, request: SovdRequest, code: string): Answer {
  const fault = findFault(entity, code);
  const body = { item: presentFault(fault), environment_data: environmentOf(fault, entity.vehicle.startedAt) };
  return ok(withSchema(request, body, () => jsonSchema(faultDetailShape)));
}

function clearFaults(entity: Entity, request: SovdRequest): Answer {
  entity.locks.demandWriteAccess('faults', request.client);
  entity.faults.clearAll(request.query.get('scope'));
  return noContent();
}

function clearFault(entity: Entity, request: SovdRequest, code: string): Answer {
  const fault = findFault(entity, code);
  entity.locks.demandWriteAccess('faults', request.client);
  if (fault.persistent) {
    throw preconditionNotFulfilled(`${code} can't be cleared while its cause persists.`, { code });
  }
  entity.faults.clear(code);
  return noContent();
}

function findFault(entity: Entity, code: string): FaultModel {
  const fault = entity.faults.find(code);
  if (fault === undefined) throw resourceNotFound(`fault ${code}`);
  return fault;
}

/** `status[key]=value` matches when any of them does; `severity` gives what is more severe, so the numbers below it. */
function faultFilter(query: URLSearchParams): (fault: FaultModel) => boolean {
  const statuses = [...query].flatMap(([name, value]) => {
    const key = /^status\[(.+)\]$/u.exec(name)?.[1];
    return key === undefined ? [] : [{ key, value: bit(value) }];
  });
  const severity = query.get('severity');
  if (severity !== null && !/^\d{1,9}$/u.test(severity)) throw incompleteRequest('severity must be a whole number.');
  const scope = query.get('scope');
  const tags = query.getAll('tags');
  return (fault) =>
    (statuses.length === 0 || statuses.some(({ key, value }) => fault.status[key] === value)) &&
    (severity === null || fault.severity < Number(severity)) &&
    (scope === null || fault.scope === scope) &&
    (tags.length === 0 || tags.some((tag) => fault.tags?.includes(tag)));
}

function bit(value: string): string {
  if (value === 'true') return '1';
  return value === 'false' ? '0' : value;
}

function presentFault(fault: FaultModel): z.infer<typeof faultShape> {
  return {
    code: fault.code,
    scope: fault.scope,
    display_code: fault.displayCode,
    fault_name: fault.name,
    fault_translation_id: `fault.${fault.displayCode}`,
    severity: fault.severity,
    status: { ...fault.status },
    symptom: fault.symptom,
    symptom_translation_id: `symptom.${fault.displayCode}`,
    ...(fault.tags && { tags: [...fault.tags] }),
  };
}

function environmentOf(fault: FaultModel, startedAt: number): object {
  const firstSeen = hoursBefore(startedAt, fault.firstSeenHoursAgo);
  const lastSeen = hoursBefore(startedAt, fault.lastSeenHoursAgo);
  return {
    snapshots: [{ type: 'freeze_frame', name: 'first_occurrence', timestamp: firstSeen, data: fault.snapshot }],
    extended_data_records: {
      first_occurrence: firstSeen,
      last_occurrence: lastSeen,
      occurrence_counter: fault.occurrences,
      aging_counter: fault.status['testFailed'] === '1' ? 0 : Math.floor(fault.lastSeenHoursAgo / 24),
    },
  };
}

function hoursBefore(moment: number, hours: number): string {
  return new Date(moment - hours * 3_600_000).toISOString();
}
