import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

import { errorDefinitions, type ErrorCode } from '#application/domain/errors.js';
import { includesRole, roles, type Role } from '#application/domain/user.js';

import {
  needsRole,
  type Admission,
  type Declaration,
  type Endpoint,
  type Fields,
  type ReplyDeclaration,
} from './endpoint.js';
import { exampleValue } from './example-value.js';
import { problemOf, statusOf } from './problem.js';
import { problemSchema } from './schemas/problem-schemas.js';

type Document = Record<string, unknown>;

interface OpenApiOptions {
  readonly version: string;
  readonly prefix: string;
  readonly endpoints: readonly Endpoint[];
  /** Paths outside of the prefix: health and the like. */
  readonly operationPaths: Document;
}

/** The OpenAPI 3.1 document of all declared routes, out of the same schemas that check requests. */
export function openApiDocument({ version, prefix, endpoints, operationPaths }: OpenApiOptions): Document {
  const schemas: Document = {};
  const paths: Record<string, Document> = {};
  for (const endpoint of endpoints) {
    const path = prefix + endpoint.path;
    paths[path] = { ...paths[path], [endpoint.method]: operation(endpoint, path, schemas) };
  }
  toSchema(problemSchema, 'output', schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'sovd-fleet',
      version,
      description: [
        'Run SOVD diagnostics (ISO 17978-3) on the vehicles of a fleet.',
        'What cannot be read as an HTTP request is answered as a problem too, with 400, 408 or 431 and the code `malformed-request`; where there is nothing, with 404 and `no-such-route`; another method than the documented ones with 405 and `method-not-allowed`.',
      ].join('\n\n'),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths: { ...paths, ...operationPaths },
    components: {
      schemas,
      securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operation(endpoint: Endpoint, path: string, schemas: Document): Document {
  const { operationId, tag, summary, description, role, body, textBody, bodyExamples } = endpoint;
  const parameters = [
    ...parametersOf(endpoint.params, 'path', schemas),
    ...parametersOf(endpoint.query, 'query', schemas),
    ...parametersOf(endpoint.headers, 'header', schemas),
  ];
  const examples = Object.entries(bodyExamples).map(([name, value]) => [name, { value }]);
  return {
    operationId,
    tags: [tag],
    summary,
    description: [description, roleText(role)].filter((part) => part !== undefined).join('\n\n'),
    ...securityOf(role),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !takesUndefined(body),
            content: {
              [textBody?.mediaType ?? 'application/json']: {
                schema: toSchema(body, 'input', schemas),
                ...(examples.length === 0 ? {} : { examples: Object.fromEntries(examples) as Document }),
              },
            },
          },
        }),
    responses: { ...repliesOf(endpoint, schemas), ...problemsOf(endpoint, path) },
  };
}

function roleText(role: Declaration['role']): string | undefined {
  return needsRole(role) ? `Needs the role \`${role}\` or above.` : undefined;
}

function securityOf(role: Declaration['role']): Document {
  if (role === 'anonymous') return {};
  return { security: role === 'leaving' ? [{ bearerAuth: [] }, {}] : [{ bearerAuth: [] }] };
}

function parametersOf(
  fields: Fields | undefined,
  place: 'path' | 'query' | 'header',
  schemas: Document,
): readonly Document[] {
  if (fields === undefined) return [];
  return Object.entries(fields.shape).map(([name, field]) => {
    const { description, ...schema } = parameterSchema(field as z.ZodType, schemas);
    return {
      name,
      in: place,
      required: place === 'path' || !takesUndefined(field as z.ZodType),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

/** All parameters arrive as text. One that is read as a number or the like is described by what it is read as. */
function parameterSchema(field: z.ZodType, schemas: Document): Document {
  const read = toSchema(field, 'output', schemas);
  return 'type' in read || '$ref' in read ? read : toSchema(field, 'input', schemas);
}

function takesUndefined(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

function repliesOf(endpoint: Endpoint, schemas: Document): Document {
  if (endpoint.kind === 'download') {
    const { mediaType, description, example, lineSchema } = endpoint.file;
    const content = {
      schema: { type: 'string' },
      ...(lineSchema === undefined ? {} : { 'x-lines': toSchema(lineSchema, 'output', schemas) }),
      ...(example === undefined ? {} : { example }),
    };
    const headers = replyHeaders({ ...limitHeaders, 'Content-Disposition': 'The name of the file (RFC 6266)' }, {});
    return { 200: { description, headers, content: { [mediaType]: content } } };
  }
  if (endpoint.kind === 'stream') {
    const events = Object.entries(endpoint.events).map(([name, { description, schema }]) => ({
      title: name,
      description,
      ...(schema === undefined ? {} : toSchema(schema, 'output', schemas)),
    }));
    return {
      200: {
        description: `Events: ${Object.keys(endpoint.events).join(', ')}. The data of each is JSON.`,
        headers: replyHeaders(limitHeaders, {}),
        content: {
          'text/event-stream': { schema: { type: 'string', description: 'Server-Sent Events' }, 'x-events': events },
        },
      },
    };
  }
  const replies = Object.entries(endpoint.replies).map(([status, reply]) => [status, documentedReply(reply, schemas)]);
  return Object.fromEntries(replies) as Document;
}

function documentedReply(reply: ReplyDeclaration, schemas: Document): Document {
  const { description, schema, headers, optionalHeaders, example } = reply;
  const documented = { description, headers: replyHeaders({ ...limitHeaders, ...headers }, optionalHeaders ?? {}) };
  if (schema === undefined) return documented;
  const body = toSchema(schema, 'output', schemas);
  return {
    ...documented,
    content: { 'application/json': { schema: body, example: example ?? exampleValue(body, schemas) } },
  };
}

type HeaderTexts = Readonly<Record<string, string>>;

function replyHeaders(always: HeaderTexts, sometimes: HeaderTexts): Document {
  const headerOf = (description: string): Document => ({ description, schema: { type: 'string' } });
  const all = { 'X-Request-Id': 'Id of the request: yours, or one that was made', ...always };
  return Object.fromEntries([
    ...Object.entries(all).map(([name, text]) => [name, { ...headerOf(text), required: true }] as const),
    ...Object.entries(sometimes).map(([name, text]) => [name, headerOf(text)] as const),
  ]);
}

/** Stand on every answer to whoever was counted, which is before anything of the request is looked at. */
const limitHeaders = {
  RateLimit: 'Requests that are left (`r`), and seconds until they are counted anew (`t`)',
  'RateLimit-Policy': 'Requests (`q`) in so many seconds (`w`), for the user or, without one, for the address',
};

const challenge = { 'WWW-Authenticate': 'What to authenticate with (RFC 6750)' };
const problemHeaderTexts: Readonly<Record<number, HeaderTexts>> = {
  401: challenge,
  429: { ...limitHeaders, 'Retry-After': 'Seconds until the next try is let through' },
  503: { 'Retry-After': 'Seconds' },
};

/** The errors that a route can give because of its form, and those that it declares. */
function problemsOf(endpoint: Endpoint, path: string): Document {
  const codes = new Set<ErrorCode>(endpoint.errors);
  codes.add('invalid-request').add('malformed-request').add('rate-limited').add('internal-error');
  if (endpoint.asksDatabase) codes.add('database-unavailable').add('overloaded');
  if (endpoint.role !== 'anonymous') codes.add('not-authenticated').add('invalid-token');
  if (endpoint.role !== 'anonymous' && endpoint.role !== 'leaving') {
    // Until it was read which sessions have ended nobody is let in.
    codes.add('token-expired').add('session-ended').add('database-unavailable');
  }
  if (roles.some((role) => !admits(endpoint.role, role))) codes.add('role-insufficient');
  if (endpoint.body !== undefined) codes.add('unsupported-media-type').add('body-too-large');
  if (endpoint.body !== undefined && endpoint.textBody === undefined) codes.add('malformed-json');
  if (endpoint.kind === 'stream') codes.add('too-many-streams').add('shutting-down');
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  const problems = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([status, list]) => [
      status,
      {
        description: list.map((code) => `- \`${code}\`: ${errorDefinitions[code].title}.`).join('\n'),
        headers: replyHeaders(problemHeaderTexts[status] ?? {}, {
          // What can't be read as a request is not counted.
          ...(status === 429 ? {} : limitHeaders),
          ...(list.includes('role-insufficient') ? challenge : {}),
        }),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: list } } }],
            },
            ...problemExamples(endpoint, list, path),
          },
        },
      },
    ]);
  return Object.fromEntries(problems) as Document;
}

function problemExamples({ errorExamples }: Endpoint, codes: readonly ErrorCode[], path: string): Document {
  const context = { instance: path, requestId: '01890a5d-ac96-774b-bcce-b302099a8057' };
  const examples = errorExamples
    .filter(({ code }) => codes.includes(code))
    .map((error) => [error.code, { value: problemOf(error, context) }]);
  return examples.length === 0 ? {} : { examples: Object.fromEntries(examples) as Document };
}

function admits(admission: Admission, role: Role): boolean {
  return !needsRole(admission) || includesRole(role, admission);
}

/** A schema as JSON Schema 2020-12; those with a name of their own go into the components. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Document): Document {
  const {
    $schema: _dialect,
    $defs,
    id: _id,
    ...rest
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Document;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Document>)) {
    keep(schemas, name, relocated(definition));
  }
  return relocated(rest);
}

/** A name means one schema: two that share one would make the document wrong for whichever came second. */
function keep(schemas: Document, name: string, schema: Document): void {
  const kept = (schemas[name] ??= schema);
  if (!isDeepStrictEqual(kept, schema)) throw new Error(`two different schemas are called ${name}`);
}

/** The same schema with its references to where OpenAPI keeps schemas. */
function relocated(schema: Document): Document {
  const { id: _id, ...rest } = schema;
  const text = JSON.stringify(rest).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as Document;
}
