import { expect } from 'chai';

import { documentedErrors, operationsOf, type ApiDocument, type Operation } from '#support/contract/api-document.js';
import { documentText } from '#support/contract/documented-api.js';

import { declaredEndpoints } from '../declared-endpoints.js';
import { goodRequest, send, type GoodRequest } from './good-request.js';
import type { Showroom } from './showroom.js';

/** The OpenAPI document of all declared routes. */
export const apiDocument = JSON.parse(await documentText(declaredEndpoints)) as ApiDocument;

/** All operations, those outside of the API too. */
export const operations = operationsOf(apiDocument);

/** The operations that document an error. */
export function operationsWith(code: string): readonly Operation[] {
  return operations.filter((operation) => documentedErrors(operation).some(([, documented]) => documented === code));
}

/** Requests that would succeed, one to each operation. */
export type Prepared = readonly (readonly [operation: Operation, request: GoodRequest])[];

/** Makes a good request to each of the operations, about things of its own. */
export async function prepare(room: Showroom, wanted: readonly Operation[]): Promise<Prepared> {
  const requests: (readonly [Operation, GoodRequest])[] = [];
  for (const operation of wanted) requests.push([operation, await goodRequest(room, operation)]);
  return requests;
}

/**
 * Sends the requests to the service at this URL, a few at a time, and sees that each is refused with this code. That the
 * answers are whole is seen by the check of all answers.
 */
export async function expectRefusals(url: string, requests: Prepared, code: string): Promise<void> {
  expect(requests, `no operation documents ${code}`).not.to.deep.equal([]);
  const surprises: string[] = [];
  const left = [...requests];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [{ operationId }, request] = next;
      const { status, text } = await send(url, request);
      if (codeOf(text) === code) continue;
      surprises.push(`${operationId} (${request.method} ${request.target}): ${status} ${text.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  expect(surprises, `these answer otherwise than with ${code}`).to.deep.equal([]);
}

/** The code of a problem. */
export function codeOf(text: string): unknown {
  const body: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
  return typeof body === 'object' && body !== null ? Reflect.get(body, 'code') : undefined;
}
