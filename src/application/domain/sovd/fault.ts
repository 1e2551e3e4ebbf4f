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

/** The faults of a list document, and how many the vehicle says that there are, where it says so. */
export interface FaultList {
  readonly faults: readonly Fault[];
  readonly total: number | undefined;
}

const severityWords: Readonly<Record<string, number>> = {
  fatal: 1, critical: 1, error: 2, high: 2, warning: 3, warn: 3, medium: 3, info: 4, low: 4,
}; // prettier-ignore

/** The names under which servers send the usual status bits, without separators and in lower case. */
const statusNames: Readonly<Record<string, string>> = {
  testfailed: 'test_failed',
  active: 'test_failed',
  testfailedthisoperationcycle: 'test_failed_this_operation_cycle',
  pendingdtc: 'pending',
  pending: 'pending',
  prefailed: 'pending',
  confirmeddtc: 'confirmed',
  confirmed: 'confirmed',
  testnotcompletedsincelastclear: 'test_not_completed_since_last_clear',
  testfailedsincelastclear: 'test_failed_since_last_clear',
  testnotcompletedthisoperationcycle: 'test_not_completed_this_operation_cycle',
  warningindicatorrequested: 'warning_indicator_requested',
};

/** Members of a status that are no yes or no: a mask such as "1" is a number in hex. */
const statusTexts: ReadonlySet<string> = new Set(['mask', 'aggregated_status']);

/** The faults of a list document, or undefined when it is none. What has no code is left out. */
export function readFaultList(document: Json): FaultList | undefined {
  const items = listItems(document);
  if (items === undefined) return undefined;
  const faults = items.flatMap((item) => readFault(item) ?? []);
  return { faults, total: isJsonObject(document) ? readTotal(document) : undefined };
}

/** A fault out of a list item, or out of the `item` of a detail document. Undefined when it has no code. */
export function readFault(document: JsonObject): Fault | undefined {
  const item = isJsonObject(document['item']) ? document['item'] : document;
  const code = textOf(item, 'code', 'fault_code');
  if (code === undefined || code === '') return undefined;
  const severity = readSeverity(item);
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

/**
 * The detail document of a fault: the fault, the circumstances in which it came up, and what of them could not be read.
 * Undefined when it tells neither.
 */
export function readFaultDetail(code: string, document: Json): JsonObject | undefined {
  if (!isJsonObject(document)) return undefined;
  const environment = document['environment_data'] ?? undefined;
  const item = isJsonObject(document['item']) ? document['item'] : undefined;
  const fault = readFault(document) ?? (item === undefined ? undefined : readFault({ ...item, code }));
  if (fault === undefined && environment === undefined) return undefined;
  return definedOnly({
    fault: fault === undefined ? { code } : fault.document,
    environment_data: environment,
    errors: document['errors'] ?? undefined,
  });
}

/** The name of a status bit as we write it: `confirmedDTC` and `confirmed_dtc` are both `confirmed`. */
export function statusName(name: string): string {
  const known = statusNames[name.replaceAll(/[_\s-]/gu, '').toLowerCase()];
  return known ?? toSnakeCase(name);
}

/** A status value as a boolean where it is one in some form: `"1"`, 1, `"true"`. */
export function statusValue(value: Json): Json {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === 1 || word === '1' || word === 'true') return true;
  if (word === 0 || word === '0' || word === 'false') return false;
  return value;
}

/** 1 is the worst. A word goes before a number: there are servers whose own numbers count the other way round. */
function readSeverity(item: JsonObject): number | undefined {
  const label = textOf(item, 'severity_label');
  const byLabel = label === undefined ? undefined : severityWords[label.toLowerCase()];
  if (byLabel !== undefined) return byLabel;
  const value = item['severity'];
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  return /^\d{1,9}(?![\s\S])/u.test(value) ? Number(value) : severityWords[value.toLowerCase()];
}

function readStatus(value: Json | undefined): Readonly<Record<string, Json>> {
  if (typeof value === 'string') return value === '' ? {} : { [statusName(value)]: true };
  if (!isJsonObject(value)) return {};
  const bits = Object.entries(value).map(([name, bit]): [string, Json] => {
    const known = statusName(name);
    return [known, statusTexts.has(known) ? bit : statusValue(bit)];
  });
  return Object.fromEntries(bits);
}

function readTotal(document: JsonObject): number | undefined {
  const totals = [document['total'], document['total_count'], document['@odata.count']];
  return totals.find((total): total is number => typeof total === 'number');
}

function toSnakeCase(name: string): string {
  return name
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .replaceAll(/[\s-]+/gu, '_')
    .toLowerCase();
}
