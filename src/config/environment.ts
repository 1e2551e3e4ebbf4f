import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { parse } from 'dotenv';

import type { Environment } from './settings-reader.js';

/**
 * The variables of the process, and under them those of `.env` in the working directory, if there is one.
 * The only place that looks at the environment. Throws when `.env` is there and can't be read.
 */
export function readEnvironment(directory: string = process.cwd()): Environment {
  return { ...readEnvironmentFile(join(directory, '.env')), ...process.env };
}

function readEnvironmentFile(file: string): Environment {
  try {
    return parse(readFileSync(file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
