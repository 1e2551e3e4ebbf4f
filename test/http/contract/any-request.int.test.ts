import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import fc from 'fast-check';

import { takeViolations } from '#support/contract/answer-tap.js';
import type { Operation } from '#support/contract/api-document.js';
import { judgeBy } from '#support/contract/judge-answer.js';
import { useDatabase } from '#support/database.js';

import { requestsTo, type ThoughtUpRequest } from './arbitrary-requests.js';
import { valuesOf, type RealValues } from './arbitrary-values.js';
import { apiDocument, codeOf, operations } from './documented-operations.js';
import { exampleNames, goodRequest, mediaOf, type GoodRequest } from './good-request.js';
import { openShowroom, type Showroom } from './showroom.js';

/*
 * Requests of every sort, made out of the OpenAPI document. What is answered must be documented, and never our fault; what
 * the document forbids must not be done. PROPERTY_RUNS says how many requests an operation gets; one with a body three times
 * as many. They are the same in every run, so that nothing fails by chance; PROPERTY_SEED makes other ones. A failure tells
 * its seed and the smallest request that fails.
 */

const runs = Number(process.env['PROPERTY_RUNS'] ?? 40);
const seed = Number(process.env['PROPERTY_SEED'] ?? 17978);

const { judgeValue } = judgeBy(apiDocument);

describe('any request', () => {
  const database = useDatabase();
  const agent = new Agent({ keepAlive: true });
  let room: Showroom;
  before(async () => {
    room = await openShowroom(database);
  });
  after(async () => {
    agent.destroy();
    await room.close();
  });

  /** Things for the parameters and fields of an operation, new ones, since others may have been used up. */
  const realValuesFor = async (operation: Operation): Promise<RealValues> => {
    const asText = JSON.stringify(operation);
    const values: Record<string, readonly string[]> = {
      command_name: ['discover', 'read-faults', 'sovd-request'],
      sovd_base_url: [room.answeringBase],
    };
    for (const name of room.makeable) {
      if (asText.includes(`"${name}"`)) values[name] = [await room.make(name), await room.make(name)];
    }
    const commands = values['command_id'];
    if (commands === undefined) return values;
    return { ...values, command_id: [...commands, await room.newRunningCommand(), await room.newUnknownCommand()] };
  };

  for (const operation of operations) {
    it(`to ${operation.operationId} is answered as documented`, async function () {
      this.timeout(120_000);
      const examples: GoodRequest[] = [];
      for (const name of exampleNames(operation)) examples.push(await goodRequest(room, operation, name));
      const granted = { token: (await room.service.logInAs('admin')).token };
      const { token: viewer } = await room.service.logInAs('viewer');
      const authorizations = fc.oneof(
        { weight: 12, arbitrary: fc.constant('granted') },
        fc.constantFrom(undefined, 'Bearer', 'Bearer abc', 'Basic YTpi', `Bearer ${viewer}`),
      );
      const valueOf = valuesOf(apiDocument, await realValuesFor(operation));
      const requests = requestsTo(operation, { valueOf, examples, authorizations });
      await fc.assert(
        fc.asyncProperty(requests, async (thoughtUp) => {
          const { status, body } = await send(withToken(thoughtUp, granted.token));
          const complaints = [...takeViolations(), ...complaintsAbout(operation, thoughtUp, status)];
          // Whoever logs out by the way logs in again for what comes next.
          if (status === 401 && codeOf(body) === 'session-ended')
            granted.token = (await room.service.logInAs('admin')).token;
          if (complaints.length > 0) throw new Error([...complaints, `${status} ${body.slice(0, 500)}`].join('\n'));
        }),
        { seed, numRuns: operation.requestBody === undefined ? runs : runs * 3 },
      );
    });
  }

  /** What fetch would put right stays as it was thought up. Of an event stream the beginning is read. */
  async function send({ method, target, headers, body }: GoodRequest): Promise<{ status: number; body: string }> {
    const url = new URL(room.service.url);
    const sent = httpRequest({
      ...{ agent, method, path: target, host: url.hostname, port: url.port },
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
      signal: AbortSignal.timeout(20_000),
    });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true;
    if (isStream) answer.destroy();
    return { status: answer.statusCode ?? 0, body: isStream ? '' : await text(answer) };
  }
});

function withToken(request: ThoughtUpRequest, token: string): GoodRequest {
  const { authorization, ...headers } = request.headers;
  if (authorization !== 'granted') return request;
  return { ...request, headers: { ...headers, authorization: `Bearer ${token}` } };
}

/** What no status of the document can make right. */
function complaintsAbout(operation: Operation, request: ThoughtUpRequest, status: number): readonly string[] {
  const { requestBody } = operation;
  const schema = requestBody === undefined ? undefined : mediaOf(requestBody.content).media.schema;
  if (status >= 500) return ['it is our fault'];
  if (status >= 400) return [];
  const isApi = operation.path.startsWith('/api/');
  const wrong = schema === undefined || request.value === undefined ? [] : judgeValue(schema, request.value.json);
  return [
    ...(isApi && request.isUnknownAsked ? ['a parameter that the document does not know was accepted'] : []),
    ...wrong.map((complaint) => `a body that the document forbids was accepted: ${complaint}`),
    ...(requestBody?.required === true && request.body === undefined ? ['it was accepted without a body'] : []),
  ];
}
