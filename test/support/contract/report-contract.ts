import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { ApiDocument } from './api-document.js';
import { acceptedDocumentFile } from './documented-api.js';
import { countContract, type SeenAnswersFile } from './seen-answers.js';

/**
 * Says how much of what the OpenAPI document promises a run has seen, in a line; and in a line each what it hasn't. Each
 * process of the run left a file in the directory. Tells whether everything was seen.
 */
export async function reportContract(directory: string): Promise<boolean> {
  const files = await Promise.all(
    (await readdir(directory)).map((file) => readJson<SeenAnswersFile>(path.join(directory, file))),
  );
  const count = countContract(await readJson<ApiDocument>(acceptedDocumentFile), files);
  const { operations, succeeded, errors, seenErrors, answers, missing } = count;
  console.log(
    `contract: ${operations} operations, ${succeeded} with a success, ${seenErrors} of ${errors} documented errors seen, ${answers} answers checked`,
  );
  if (missing.length === 0) return true;
  console.error('The OpenAPI document promises what no test has seen. Write that test, or make the document say less:');
  for (const answer of missing) console.error(`  never seen: ${answer}`);
  return false;
}

async function readJson<Value>(file: string): Promise<Value> {
  return JSON.parse(await readFile(file, 'utf8')) as Value;
}
