import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Endpoint } from '#http/endpoint.js';
import { openApiDocument } from '#http/openapi.js';
import { operationPaths } from '#http/routes/operation-routes.js';

const repository = path.resolve(import.meta.dirname, '../../../..');

/** Where the accepted document of the API is. */
export const acceptedDocumentFile = path.join(repository, 'docs/openapi.json');

/** The text of the OpenAPI document as these routes make it. */
export async function documentText(endpoints: readonly Endpoint[]): Promise<string> {
  const manifest = await readFile(path.join(repository, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };
  const document = openApiDocument({ version, prefix: '/api/v1', endpoints, operationPaths });
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
