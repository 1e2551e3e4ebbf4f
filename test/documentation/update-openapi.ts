/** What `npm run openapi:update` runs: accepts the API as it is now. */
import { writeFile } from 'node:fs/promises';

import { acceptedDocumentFile, documentText } from '#support/contract/documented-api.js';

import { declaredEndpoints } from '../http/declared-endpoints.js';

await writeFile(acceptedDocumentFile, await documentText(declaredEndpoints));
