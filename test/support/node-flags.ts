import { readFile } from 'node:fs/promises';
import path from 'node:path';

const manifest = path.resolve(import.meta.dirname, '../../../package.json');

/** The flags of Node with which `npm start` runs the service, so that others can start it, or what it is compared to, as it does. */
export async function serviceNodeFlags(): Promise<readonly string[]> {
  const { scripts } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly scripts: { readonly start: string } };
  const [program, ...words] = scripts.start.split(' ');
  if (program !== 'node' || words.pop() !== 'dist/src/main.js')
    throw new Error('npm start is more than a call of Node');
  return words;
}
