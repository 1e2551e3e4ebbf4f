import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/**
 * Makes a directory of its own for a test. Below the directory of the run, whose end removes it and stops the database servers
 * that are still running in it; where there is none, among the system's temporary ones.
 */
export async function makeTemporaryDirectory(name: string): Promise<string> {
  return mkdtemp(path.join(process.env['TEST_DIRECTORY'] ?? os.tmpdir(), `${name}-`));
}
