import { Writable } from 'node:stream';

import type { Log } from '#application/ports/log.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';

type Level = Parameters<typeof createBunyanLog>[0]['level'];

/** One line, read back. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: number; readonly msg: string };

/** The real log, with its lines kept instead of printed. */
export interface CapturedLog {
  readonly log: Log;
  /** Everything that was written, as it was written. */
  readonly text: () => string;
  readonly lines: () => readonly LogLine[];
}

/** The numbers that bunyan writes for the levels. */
export const levelNumbers = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/** Makes a log whose lines a test can look at. */
export function captureLog(level: Level = 'debug'): CapturedLog {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  const text = () => chunks.join('');
  return {
    log: createBunyanLog({ level, stream }),
    text,
    lines: () =>
      text()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LogLine),
  };
}
