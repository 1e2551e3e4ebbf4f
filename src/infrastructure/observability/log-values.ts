import { Secret } from '#config/secret.js';

import { isSecretKey, redacted, redactText } from './redaction.js';

const maxDepth = 6;
const maxMembers = 64;
/** How many values one line shows in all; more would be a dump, not a line. */
const maxValues = 512;
const maxCauses = 5;

/** A value that JSON can show as it is. */
export type LogValue =
  string | number | boolean | null | readonly LogValue[] | { readonly [member: string]: LogValue | undefined };

interface Budget {
  values: number;
}

/**
 * What a log line shows of a value: plain data without secrets, bounded in depth and size. Never throws, whatever it is
 * given. Of objects of a class it shows the class alone, except errors and dates: a request or a model in a field would
 * otherwise carry headers and rows into the log.
 */
export function toLogValue(value: unknown): LogValue | undefined {
  return show(value, [], { values: maxValues });
}

function show(value: unknown, ancestors: readonly object[], budget: Budget): LogValue | undefined {
  budget.values -= 1;
  if (budget.values < 0) return '[cut]';
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'undefined':
    case 'function':
      return undefined;
    case 'object':
      return value === null ? null : showGuarded(value, ancestors, budget);
  }
}

function showGuarded(value: object, ancestors: readonly object[], budget: Budget): LogValue | undefined {
  if (ancestors.includes(value)) return '[circular]';
  try {
    return showObject(value, ancestors, budget);
  } catch {
    // A getter or a proxy that throws must not cost the line.
    return '[unreadable]';
  }
}

function showObject(value: object, ancestors: readonly object[], budget: Budget): LogValue | undefined {
  if (value instanceof Error) return showError(value, 0, budget);
  if (value instanceof Secret) return redacted;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  const isArray = Array.isArray(value);
  if (!isArray && !isPlain(value)) return `[${className(value)}]`;
  if (ancestors.length >= maxDepth) return '[deeper]';
  const path = [...ancestors, value];
  if (isArray) return showArray(value, path, budget);
  return showMembers(value, path, budget);
}

function showArray(items: readonly unknown[], path: readonly object[], budget: Budget): LogValue {
  const shown = items.slice(0, maxMembers).map((item) => show(item, path, budget) ?? null);
  return items.length > maxMembers ? [...shown, `[${items.length - maxMembers} more]`] : shown;
}

function showMembers(value: object, path: readonly object[], budget: Budget): LogValue {
  const keys = Object.keys(value);
  const shown: Record<string, LogValue | undefined> = {};
  for (const key of keys.slice(0, maxMembers)) {
    const member = isSecretKey(key) ? redacted : show(memberOf(value, key), path, budget);
    // An assignment would make it the prototype.
    if (key === '__proto__') Object.defineProperty(shown, key, { value: member, enumerable: true });
    else shown[key] = member;
  }
  return keys.length > maxMembers ? { ...shown, more: keys.length - maxMembers } : shown;
}

function memberOf(value: object, key: string): unknown {
  try {
    return Reflect.get(value, key);
  } catch {
    return '[unreadable]';
  }
}

/** Name, message, code, stack and causes; nothing else that somebody hung on to the error, such as a statement's parameters. */
function showError(error: Error, causesAbove: number, budget: Budget): LogValue {
  budget.values -= 1;
  const code = memberOf(error, 'code');
  return {
    name: textMember(error, 'name'),
    message: textMember(error, 'message'),
    code: typeof code === 'number' ? code : textMember(error, 'code'),
    stack: textMember(error, 'stack'),
    cause: showCause(causeOf(error), causesAbove, budget),
    errors: error instanceof AggregateError ? showErrors(error.errors, causesAbove, budget) : undefined,
  };
}

function showCause(cause: unknown, causesAbove: number, budget: Budget): LogValue | undefined {
  if (cause === undefined || causesAbove >= maxCauses || budget.values <= 0) return undefined;
  return cause instanceof Error ? showError(cause, causesAbove + 1, budget) : show(cause, [], budget);
}

function showErrors(errors: readonly unknown[], causesAbove: number, budget: Budget): LogValue {
  return errors.slice(0, maxCauses).map((error) => showCause(error, causesAbove, budget) ?? null);
}

/** Whatever its type says, an error of somebody else's may hold anything there. */
function textMember(error: Error, key: string): string | undefined {
  const value = memberOf(error, key);
  return typeof value === 'string' ? redactText(value) : undefined;
}

/** Sequelize calls the driver's error `original`. */
function causeOf(error: Error): unknown {
  const original = memberOf(error, 'original');
  return memberOf(error, 'cause') ?? (original instanceof Error ? original : undefined);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function className(value: object): string {
  return value.constructor.name;
}
