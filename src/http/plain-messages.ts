import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

/** What a value should have been, in words. */
const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
  date: 'a time',
};

/** How the size of something is counted. */
const units: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', file: 'bytes' };

/** Has a schema complain in plain words. zod would put `async` into a copy of its own, which ADR 10 tells the price of. */
export const inPlainWords = { error: plainMessage, async: false } as const;

/**
 * What is wrong with a value, as a sentence whose subject is the value: "is required", "must be a whole number". For schemas
 * that say nothing of their own; undefined leaves it to them.
 */
export function plainMessage(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${nounOf(issue)}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : `must be ${anyOf(issue.values)}`;
    case 'too_small':
      return bound('at least', issue.origin, issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return bound('at most', issue.origin, issue.maximum, issue.inclusive !== false);
    case 'invalid_union':
      return issue.input === undefined ? 'is required' : 'is of none of the forms that are possible here';
    case 'invalid_key':
      return 'has a name that is not possible here';
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

function nounOf(issue: RawIssue): string {
  const { expected, format } = issue as { readonly expected?: string; readonly format?: string };
  if (expected === 'number' && format === 'safeint') return 'a whole number';
  return nouns[expected ?? ''] ?? 'of another type';
}

function anyOf(values: readonly unknown[]): string {
  const names = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)));
  return names.length === 1 ? (names[0] ?? '') : `one of ${names.join(', ')}`;
}

function bound(relation: string, origin: string, size: number | bigint, isInclusive: boolean): string {
  const limit = isInclusive ? `${relation} ${size}` : `${relation === 'at least' ? 'more than' : 'less than'} ${size}`;
  const unit = units[origin];
  if (unit === undefined) return `must be ${limit}`;
  if (relation === 'at least' && Number(size) === 1 && isInclusive) return 'must not be empty';
  return `must have ${limit} ${unit}`;
}
