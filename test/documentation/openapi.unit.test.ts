import { readFile } from 'node:fs/promises';

import { acceptedDocumentFile, documentText } from '#support/contract/documented-api.js';

import { declaredEndpoints } from '../http/declared-endpoints.js';

describe('docs/openapi.json', () => {
  it('is the API as it is', async () => {
    const accepted = await readFile(acceptedDocumentFile, 'utf8');
    const made = await documentText(declaredEndpoints);
    if (accepted === made) return;
    throw new Error(
      [
        'The API is not the one that docs/openapi.json describes:',
        ...differences(JSON.parse(accepted), JSON.parse(made)).slice(0, 20),
        'If the change is meant: `npm run openapi:update`, look at the difference, commit it.',
        'After a conflict in this file: take either side, then `npm run openapi:update`.',
      ].join('\n  '),
    );
  });
});

/** Where two JSON values differ, as JSON pointers. */
function differences(accepted: unknown, made: unknown, pointer = ''): readonly string[] {
  const isSame = JSON.stringify(accepted) === JSON.stringify(made);
  if (isSame) return [];
  if (!isObject(accepted) || !isObject(made)) return [`${pointer || '/'} is another one`];
  const names = [...new Set([...Object.keys(accepted), ...Object.keys(made)])];
  const found = names.flatMap((name) => {
    const inner = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!(name in made)) return [`${inner} is gone`];
    if (!(name in accepted)) return [`${inner} is new`];
    return differences(accepted[name], made[name], inner);
  });
  return found.length > 0 ? found : [`${pointer || '/'} stands in another order`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
