import { z } from 'zod';

import type { CommandType } from '../domain/command-type.js';
import { type SovdQuery, type SovdRequest } from '../domain/sovd/exchange.js';
import { safetyOfMethod, sovdMethods } from '../domain/sovd/method.js';
import { readAnything, toResponse } from './vehicle-answers.js';

const queryText = z
  .string()
  .max(1024)
  .regex(/^[^\p{Cc}\p{Cs}]*(?![\s\S])/u, 'must not hold control characters');

const queryName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}\p{Cs}]+(?![\s\S])/u, 'must not hold control characters');

const path = z
  .string()
  .min(1)
  .max(2048)
  .regex(
    /^(?!\/)(?!.*\/\/)[^\s\p{Cc}\p{Cs}\\?#]+(?![\s\S])/u,
    'must be a path below the base of the vehicle, such as components/engine-control/data, without a query',
  )
  .refine(isClimbFree, 'must be percent-encoded rightly and not hold "." or ".." as a segment')
  .describe('Below the base of the vehicle, its segments percent-encoded: `components/engine-control/modes/session`.');

const parameters = z
  .strictObject({
    method: z
      .enum(sovdMethods)
      .describe('The method; it decides whether the command only reads (`GET`) or may change the vehicle.'),
    path,
    query: z
      .record(queryName, z.union([queryText, z.array(queryText).max(100)]))
      .optional()
      .describe('Query parameters; a list repeats its name.'),
    body: z.json().optional().describe('A JSON body; not with GET.'),
  })
  .refine(({ method, body }) => method !== 'GET' || body === undefined, {
    path: ['body'],
    message: 'does not go with GET; leave it out',
  });

type Parameters = z.output<typeof parameters>;

/** Makes any SOVD request that the vehicle offers. Its safety is that of its method (RFC 9110 section 9.2). */
export const sovdRequest: CommandType<Parameters> = {
  name: 'sovd-request',
  title: 'Make an SOVD request',
  description:
    'Makes any request to the SOVD server of the vehicle. An execution is followed to its end, and an event stream gives a response per event.',
  parameters,
  example: { method: 'GET', path: 'components' },
  safety: ({ method }) => safetyOfMethod(method),
  role: 'engineer',
  requests: ['{method} {path}'],
  run: async function* (wanted, exchange) {
    const request: SovdRequest = {
      method: wanted.method,
      path: wanted.path,
      query: queryOf(wanted.query ?? {}),
      ...(wanted.body === undefined ? {} : { body: wanted.body }),
    };
    let count = 0;
    for await (const answer of exchange.send(request)) {
      yield toResponse(request, answer, {
        safety: safetyOfMethod(wanted.method),
        subject: `${answer.kind}#${count}`,
        isFinal: true,
        mayRetry: count === 0,
        read: readAnything,
      });
      count += 1;
    }
  },
};

function queryOf(query: NonNullable<Parameters['query']>): SovdQuery {
  return Object.entries(query).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => [name, one] as const),
  );
}

/** Whether no segment, read once or twice over, is `.` or `..`. */
function isClimbFree(text: string): boolean {
  try {
    return text.split('/').every((part) => {
      const once = decodeURIComponent(part);
      return ![part, once, decodeURIComponent(encodedPercents(once))].some((form) =>
        form.split(/[/\\]/u).some((piece) => piece === '.' || piece === '..'),
      );
    });
  } catch {
    return false;
  }
}

/** A percent sign that starts no escape stands for itself in the second reading. */
function encodedPercents(text: string): string {
  return text.replace(/%(?![0-9A-Fa-f]{2})/gu, '%25');
}
