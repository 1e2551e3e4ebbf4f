import { expect } from 'chai';

import { documentedSuccesses, type Operation } from '#support/contract/api-document.js';
import { judgeBy } from '#support/contract/judge-answer.js';
import { useDatabase } from '#support/database.js';

import { apiDocument, operations } from './documented-operations.js';
import { exampleNames, goodRequest, mediaOf, send } from './good-request.js';
import { openShowroom, type Showroom } from './showroom.js';

const { judgeValue } = judgeBy(apiDocument);

describe('the examples of the OpenAPI document', () => {
  const database = useDatabase();
  let room: Showroom;
  before(async () => {
    room = await openShowroom(database);
  });
  after(() => room.close());

  for (const operation of operations) {
    it(`${operation.operationId}: has some, and they are what its schemas say`, () => {
      for (const [what, { schema, examples }] of contentsOf(operation)) {
        expect(examples, `${what}: give it an example`).not.to.deep.equal([]);
        for (const value of examples) expect(judgeValue(schema, value), what).to.deep.equal([]);
      }
    });

    for (const example of exampleNames(operation)) {
      it(`${operation.operationId}: ${example ?? 'a request'} succeeds`, async () => {
        const { status, text } = await send(room.service.url, await goodRequest(room, operation, example));
        expect(documentedSuccesses(operation), `${status}: ${text.slice(0, 1000)}`).to.include(status);
      });
    }
  }
});

/** All bodies of an operation, in requests and in successes, that must have examples. */
function contentsOf(operation: Operation): readonly (readonly [string, { schema: object; examples: unknown[] }])[] {
  const contents = [
    ...(operation.requestBody === undefined ? [] : [['request', operation.requestBody.content] as const]),
    ...documentedSuccesses(operation).map((status) => [status, operation.responses[status]?.content] as const),
  ];
  return contents.flatMap(([what, content]) => {
    if (content === undefined) return [];
    const { mediaType, media } = mediaOf(content);
    // A page is an example of itself, and an event stream has one for each event.
    if (mediaType === 'text/html' || media['x-events'] !== undefined) return [];
    const examples = Object.values(media.examples ?? {}).map(({ value }) => value);
    if (media.example !== undefined) examples.push(media.example);
    return [[`${operation.operationId} ${what}`, { schema: media.schema ?? {}, examples }] as const];
  });
}
