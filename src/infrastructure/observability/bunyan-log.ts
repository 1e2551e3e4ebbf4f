import process from 'node:process';

import bunyan from 'bunyan';

import type { Log, LogFields, TaskLog } from '#application/ports/log.js';

import { toLogValue } from './log-values.js';
import { redactText } from './redaction.js';
import { TurnCork } from './turn-cork.js';

type Level = 'error' | 'warn' | 'info' | 'debug';

interface Options {
  /** Lines below it are dropped before anything is done for them. */
  readonly level: Level;
  /** Where lines go, each at once; unless told otherwise to stdout, those of a turn of the event loop together. */
  readonly stream?: NodeJS.WritableStream;
}

const ranks: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/** What bunyan itself writes into each line; a field of that name gets an underscore behind it. */
const coreFields = new Set(['v', 'name', 'hostname', 'pid', 'level', 'time', 'msg', 'src']);

/** Writes JSON lines through bunyan. Fields and messages are shown without secrets; a line never makes its writer fail. */
export function createBunyanLog({ level, stream }: Options): Log {
  const output: Output = {
    logger: bunyan.createLogger({ name: 'sovd-fleet', streams: [{ level, stream: stream ?? process.stdout }] }),
    lowestRank: ranks[level],
    cork: stream === undefined ? new TurnCork(process.stdout) : undefined,
  };
  return new BunyanLog(output, undefined);
}

/** What all logs of a process share. */
interface Output {
  readonly logger: bunyan;
  readonly lowestRank: number;
  readonly cork: TurnCork | undefined;
}

/**
 * A log of its own for each request is handed on, and not found through AsyncLocalStorage, for which Node.js 20 looks at every
 * promise of the process.
 */
class BunyanLog implements TaskLog {
  readonly #output: Output;
  readonly #outer: BunyanLog | undefined;
  readonly #fields: Record<string, unknown>;

  constructor(output: Output, outer: BunyanLog | undefined, fields: LogFields = {}) {
    this.#output = output;
    this.#outer = outer;
    // Not by a spread: see ADR 10.
    this.#fields = Object.assign({}, fields);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  withFields(fields: LogFields): TaskLog {
    return new BunyanLog(this.#output, this, fields);
  }

  addFields(fields: LogFields): void {
    Object.assign(this.#fields, fields);
  }

  sumFields(fields: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(fields)) {
      this.#fields[name] = Math.round((value + numberOf(this.#fields[name])) * 10) / 10;
    }
  }

  #write(level: Level, fields: LogFields, message: string): void {
    const { logger, lowestRank, cork } = this.#output;
    if (ranks[level] < lowestRank) return;
    const all = this.#collectInto({});
    cork?.put();
    logger[level](shownFields(Object.assign(all, fields)), '%s', redactText(message));
  }

  #collectInto(fields: Record<string, unknown>): Record<string, unknown> {
    if (this.#outer !== undefined) this.#outer.#collectInto(fields);
    return Object.assign(fields, this.#fields);
  }
}

function shownFields(fields: LogFields): object {
  const shown = toLogValue(fields);
  if (typeof shown !== 'object' || shown === null) return {};
  const keys = Object.keys(shown);
  if (!keys.some((key) => coreFields.has(key))) return shown;
  return Object.fromEntries(
    Object.entries(shown).map(([key, value]) => [coreFields.has(key) ? `${key}_` : key, value]),
  );
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
