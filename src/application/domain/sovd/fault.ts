import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { definedOnly, listItems, textOf } from './list-document.js';

/** A fault in one form for all servers (SOVD, faults). `status` has snake_case names and booleans where they can be told. */
export interface Fault {
  readonly code: string;
  readonly severity: number | undefined;
  readonly scope: string | undefined;
  readonly status: Readonly<Record<string, Json>>;
  /** All of it, for people. */
  readonly document: JsonObject;
}

const severityWords: Readonly<Record<string, number>> = {
  fatal: 1, critical: 1, error: 2, high: 2, warning: 3, warn: 3, medium: 3, info: 4, low: 4,
}; // prettier-ignore

/** The names under which servers send the usual status bits, without separators and in lower case. */
const statusNames: Readonly<Record<string, string>> = {
  testfailed: 'test_failed',
  testfailedthisoperationcycle: 'test_failed_this_operation_cycle',
  pendingdtc: 'pending',
  pending: 'pending',
  confirmeddtc: 'confirmed',
  confirmed: 'confirmed',
  testnotcompletedsincelastclear: 'test_not_completed_since_last_clear',
  testfailedsincelastclear: 'test_failed_since_last_clear',
  testnotcompletedthisoperationcycle: 'test_not_completed_this_operation_cycle',
  warningindicatorrequested: 'warning_indicator_requested',
  mask: 'mask',
  aggregatedstatus: 'aggregated_status',
};

/** The faults of a list document, or undefined when it is none. What has no code is left out. */
export function readFaultList(document: Json): readonly Fault[] | undefined {
  return listItems(document)?.flatMap((item) => {
    const fault = readFault(item);
    return fault === undefined ? [] : [fault];
  });
}

/** A fault out of a list item, or out of the `item` of a detail document. */
export function readFault(document: JsonObject): Fault | undefined {
  const item = isJsonObject(document['item']) ? document['item'] : document;
  const code = textOf(item, 'code', 'fault_code');
  if (code === undefined) return undefined;
  const severity = readSeverity(item['severity']);
  const scope = textOf(item, 'scope');
  const status = readStatus(item['status']);
  return {
    code,
    severity,
    scope,
    status,
    document: definedOnly({
      code,
      display_code: textOf(item, 'display_code'),
      fault_name: textOf(item, 'fault_name', 'title', 'description'),
      severity,
      scope,
      symptom: textOf(item, 'symptom'),
      status,
    }),
  };
}

/** The name of a status bit as we write it: `confirmedDTC` and `confirmed_dtc` are both `confirmed`. */
export function statusName(name: string): string {
  return statusNames[name.replaceAll(/[_\s-]/gu, '').toLowerCase()] ?? name;
}

/** A status value as a boolean where it is one in some form: `"1"`, 1, `"true"`. */
export function statusValue(value: Json): Json {
  if (value === 1 || value === '1' || value === 'true') return true;
  if (value === 0 || value === '0' || value === 'false') return false;
  return value;
}

function readSeverity(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  return /^\d+$/u.test(value) ? Number(value) : severityWords[value.toLowerCase()];
}

function readStatus(value: Json | undefined): Readonly<Record<string, Json>> {
  if (typeof value === 'string') return { [statusName(value)]: true };
  if (!isJsonObject(value)) return {};
  const bits = Object.entries(value).map(([name, bit]): [string, Json] => {
    const known = statusName(name);
    // A mask such as "1" is a number in hex, not a yes.
    return [known, known === 'mask' || known === 'aggregated_status' ? bit : statusValue(bit)];
  });
  return Object.fromEntries(bits);
}
