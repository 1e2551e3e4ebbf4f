import type { Json } from '../json.js';
import type { SovdQuery } from './exchange.js';
import { statusName, statusValue, type Fault } from './fault.js';

/** Which faults are wanted. What is absent is not asked. */
export interface FaultFilter {
  /**
   * Any match counts. By name and value, as `status[name]=value` of SOVD; or as bare words, for servers that tell the status
   * of a fault in one word.
   */
  readonly status?: Readonly<Record<string, string | readonly string[]>> | readonly string[] | undefined;
  /** Only severities below this number (SOVD, faults); 1 is the worst. */
  readonly severity?: number | undefined;
  readonly scope?: string | undefined;
}

/** Whatever its status is: the word of servers that leave out healed faults unless they are asked so. */
const anyStatus = 'all';

/** The filter as a vehicle gets it, names and values as they were given: servers spell them differently. */
export function faultQuery({ status, severity, scope }: FaultFilter): SovdQuery {
  const query: [string, string][] = [];
  if (isWords(status)) {
    // Such servers take one word, and silently the first of several: they are asked for all, and chosen from here.
    const [word] = status;
    if (word !== undefined) query.push(['status', status.length === 1 ? word : anyStatus]);
  } else {
    for (const [name, values] of Object.entries(status ?? {})) {
      for (const value of [values].flat()) query.push([`status[${name}]`, value]);
    }
  }
  if (severity !== undefined) query.push(['severity', String(severity)]);
  if (scope !== undefined) query.push(['scope', scope]);
  return query;
}

/**
 * Whether a fault is wanted, by our own reading: servers ignore filters that they don't know. A fault is kept whose
 * severity, scope or status the vehicle does not tell at all: one too many is seen, one too few is not.
 */
export function isWanted(fault: Fault, { status, severity, scope }: FaultFilter): boolean {
  if (severity !== undefined && fault.severity !== undefined && fault.severity >= severity) return false;
  if (scope !== undefined && fault.scope !== undefined && fault.scope !== scope) return false;
  if (status === undefined || Object.keys(fault.status).length === 0) return true;
  if (isWords(status)) {
    return status.some((word) => word === anyStatus || fault.status[statusName(word)] === true);
  }
  return Object.entries(status).some(([name, values]) => {
    const known = statusName(name);
    const actual = fault.status[known];
    return actual !== undefined && [values].flat().some((value) => isMatch(known, actual, value));
  });
}

function isWords(status: FaultFilter['status']): status is readonly string[] {
  return Array.isArray(status);
}

/** Masks match when they have a bit in common; everything else when it is the same value. */
function isMatch(name: string, actual: Json, wanted: string): boolean {
  if (name !== 'mask') return asWritten(statusValue(actual)) === asWritten(statusValue(wanted));
  const [one, other] = [readMask(actual), readMask(wanted)];
  return one === undefined || other === undefined ? asWritten(actual) === wanted : (one & other) !== 0;
}

function asWritten(value: Json): string {
  return typeof value === 'string' ? value.toLowerCase() : JSON.stringify(value);
}

/** A mask is a number, or written in hex, with or without `0x`. */
function readMask(mask: Json): number | undefined {
  if (typeof mask === 'number') return mask;
  const digits = typeof mask === 'string' ? /^(?:0x)?([0-9a-f]{1,8})(?![\s\S])/iu.exec(mask)?.[1] : undefined;
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
