import { AsyncLocalStorage } from 'node:async_hooks';
import process from 'node:process';

import bunyan from 'bunyan';

import type { Log, LogFields } from '#application/ports/log.js';

import { toLogValue } from './log-values.js';
import { redactText } from './redaction.js';

type Level = 'error' | 'warn' | 'info' | 'debug';

interface Options {
  /** Lines below it are dropped before anything is done for them. */
  readonly level: Level;
  /** Where lines go; stdout unless told otherwise. */
  readonly stream?: NodeJS.WritableStream;
}

/** The fields of one `withFields`, and of those around it. It holds nothing but what lines show. */
interface Context {
  readonly outer: Context | undefined;
  readonly fields: Record<string, unknown>;
}

const ranks: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/** What bunyan itself writes into each line; a field of that name gets an underscore behind it. */
const coreFields = new Set(['v', 'name', 'hostname', 'pid', 'level', 'time', 'msg', 'src']);

/** Writes JSON lines through bunyan. Fields and messages are shown without secrets; a line never makes its writer fail. */
export function createBunyanLog({ level, stream = process.stdout }: Options): Log {
  const logger = bunyan.createLogger({ name: 'sovd-fleet', streams: [{ level, stream }] });
  const contexts = new AsyncLocalStorage<Context>();

  const lineWriter = (lineLevel: Level) => {
    if (ranks[lineLevel] < ranks[level]) return () => undefined;
    return (fields: LogFields, message: string) => {
      logger[lineLevel](shownFields(contexts.getStore(), fields), '%s', redactText(message));
    };
  };

  return {
    error: lineWriter('error'),
    warn: lineWriter('warn'),
    info: lineWriter('info'),
    debug: lineWriter('debug'),
    withFields: (fields, callback) => contexts.run({ outer: contexts.getStore(), fields: { ...fields } }, callback),
    addFields: (fields) => {
      const context = contexts.getStore();
      if (context !== undefined) Object.assign(context.fields, fields);
    },
    sumFields: (fields) => {
      const context = contexts.getStore();
      if (context === undefined) return;
      for (const [name, value] of Object.entries(fields)) {
        context.fields[name] = Math.round((value + numberOf(context.fields[name])) * 10) / 10;
      }
    },
  };
}

function shownFields(context: Context | undefined, own: LogFields): object {
  const shown = toLogValue({ ...contextFields(context), ...own });
  if (typeof shown !== 'object' || shown === null) return {};
  return Object.fromEntries(
    Object.entries(shown).map(([key, value]) => [coreFields.has(key) ? `${key}_` : key, value]),
  );
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function contextFields(context: Context | undefined): LogFields {
  if (context === undefined) return {};
  return { ...contextFields(context.outer), ...context.fields };
}
