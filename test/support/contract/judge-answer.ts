import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

import {
  operationFinder,
  operationsOf,
  type ApiDocument,
  type Content,
  type MediaTypeObject,
  type ResponseObject,
} from './api-document.js';

/** An answer as it left the service. */
export interface SentAnswer {
  readonly method: string;
  /** Without the query. Empty when the request could not be read. */
  readonly path: string;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is to be said of an answer: which operation gave it, with which code if it is an error, and what is wrong in it. */
export interface Judgement {
  readonly operationId: string | undefined;
  readonly code: string | undefined;
  readonly complaints: readonly string[];
}

/** Judges answers, and the events of streams, by a document. */
export interface Judge {
  readonly judge: (answer: SentAnswer) => Judgement;
  /** What is wrong in one event of a stream: its lines without the empty one behind them. */
  readonly judgeEvent: (method: string, path: string, lines: string) => readonly string[];
  /** What is wrong in a line of a file of JSON lines. */
  readonly judgeLine: (method: string, path: string, line: string) => readonly string[];
  /** What is wrong in a value that a schema of the document describes. */
  readonly judgeValue: (schema: object, value: unknown) => readonly string[];
}

/** Header fields that any answer may have: those of the transport, of helmet, of CORS, and the general ones of the API. */
const generalHeaders = new Set([
  ...['connection', 'keep-alive', 'date', 'transfer-encoding', 'content-length', 'content-type', 'cache-control'],
  ...['x-request-id', 'vary', 'allow', 'x-accel-buffering', 'last-modified', 'etag', 'accept-ranges', 'location'],
  ...['content-security-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy', 'origin-agent-cluster'],
  ...['referrer-policy', 'strict-transport-security', 'x-content-type-options', 'x-dns-prefetch-control'],
  ...['x-download-options', 'x-frame-options', 'x-permitted-cross-domain-policies', 'x-xss-protection'],
  ...['access-control-allow-origin', 'access-control-expose-headers', 'access-control-allow-credentials'],
  ...['access-control-allow-methods', 'access-control-allow-headers', 'access-control-max-age'],
]);

/** Of the general ones, those that say something of the operation, so that it must name them. */
const tellingHeaders = new Set(['location', 'etag', 'last-modified', 'accept-ranges']);

/** What is answered where no operation is. A request that breaks before it is one has these statuses too. */
const outsideCodes: Readonly<Record<number, readonly string[]>> = {
  400: ['malformed-request'],
  404: ['no-such-route'],
  405: ['method-not-allowed'],
  408: ['malformed-request'],
  429: ['rate-limited'],
  431: ['malformed-request'],
};

/** A judge for a document (OpenAPI 3.1, whose schemas are JSON Schema 2020-12). */
export function judgeBy(document: ApiDocument): Judge {
  const find = operationFinder(operationsOf(document));
  const validate = validatorFor(document);

  const judgeContent = (documented: ResponseObject, { status, headers, body }: SentAnswer): readonly string[] => {
    const mediaType = withoutParameters(headers['content-type'] ?? '');
    const { content } = documented;
    if (content === undefined) return body === '' ? [] : [`a body with ${status}, for which none is documented`];
    const media = mediaIn(content, mediaType);
    if (media === undefined) return [`the content type "${mediaType}" is not documented for ${status}`];
    const isJson = mediaType === 'application/json' || mediaType.endsWith('+json');
    return isJson && media.schema !== undefined ? validate(media.schema, parsed(body)) : [];
  };

  const judge = (answer: SentAnswer): Judgement => {
    const { method, path, status, body } = answer;
    const operation = find(method, path);
    const code = status >= 400 ? codeOf(body) : undefined;
    const documented = operation?.responses[status];
    // What breaks before it is a whole request never reaches its operation, nor does a HEAD that a path doesn't have.
    const isBroken = documented === undefined && (code === 'malformed-request' || method === 'HEAD');
    if (operation === undefined || isBroken) {
      return { operationId: undefined, code, complaints: judgeOutside(answer, code, validate) };
    }
    if (documented === undefined) {
      return { operationId: operation.operationId, code, complaints: [`the status ${status} is not documented`] };
    }
    const complaints = [
      ...judgeHeaders(documented, answer),
      // An answer to HEAD has the header fields of the one to GET, and never a body.
      ...(method === 'HEAD' ? [] : judgeContent(documented, answer)),
    ];
    return { operationId: operation.operationId, code, complaints };
  };

  const judgeEvent = (method: string, path: string, text: string): readonly string[] => {
    const lines = text.split('\n').filter((line) => !line.startsWith(':'));
    const field = (name: string): string | undefined =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const data = field('data');
    if (data === undefined) return [];
    const name = field('event');
    const known = find(method, path)?.responses['200']?.content?.['text/event-stream']?.['x-events'];
    const documented = known?.find(({ title }) => title === name);
    if (documented === undefined) return [`the event "${name ?? ''}" is not documented`];
    return validate(documented, parsed(data)).map((complaint) => `event ${name ?? ''}: ${complaint}`);
  };

  const judgeLine = (method: string, path: string, line: string): readonly string[] => {
    const content = Object.values(find(method, path)?.responses['200']?.content ?? {});
    const schema = content.find((media) => media['x-lines'] !== undefined)?.['x-lines'];
    return schema === undefined ? [] : validate(schema, parsed(line));
  };

  return { judge, judgeEvent, judgeLine, judgeValue: validate };
}

function withoutParameters(mediaType: string): string {
  return mediaType.split(';')[0]?.trim() ?? '';
}

function mediaIn(content: Content, mediaType: string): MediaTypeObject | undefined {
  return Object.entries(content).find(([name]) => withoutParameters(name) === mediaType)?.[1];
}

function judgeHeaders({ headers = {} }: ResponseObject, answer: SentAnswer): readonly string[] {
  const complaints: string[] = [];
  const documented = new Map(Object.entries(headers).map(([name, header]) => [name.toLowerCase(), header]));
  for (const [name, { required }] of documented) {
    if (required === true && answer.headers[name] === undefined) complaints.push(`the header ${name} is missing`);
  }
  for (const name of Object.keys(answer.headers)) {
    const mayStand = generalHeaders.has(name) && !tellingHeaders.has(name);
    if (!mayStand && !documented.has(name)) complaints.push(`the header ${name} is not documented`);
  }
  return complaints;
}

function judgeOutside(answer: SentAnswer, code: string | undefined, validate: Validate): readonly string[] {
  const { method, path, status, headers, body } = answer;
  if (method === 'OPTIONS' && status === 204) return headers['allow'] === undefined ? ['Allow is missing'] : [];
  // The pages of the documentation are files, and the ways to them.
  if (path.startsWith('/docs') && status < 400) return [];
  if (method === 'HEAD') return outsideCodes[status] === undefined ? [`${status} where no operation is`] : [];
  if (code === undefined || outsideCodes[status]?.includes(code) !== true) {
    return [`${status} ${code ?? body.slice(0, 100)} where no operation is`];
  }
  return validate({ $ref: '#/components/schemas/Problem' }, parsed(body));
}

type Validate = (schema: object, value: unknown) => readonly string[];

function validatorFor({ components }: ApiDocument): Validate {
  const ajv = new Ajv2020({
    allErrors: true,
    // Strict about words that mean nothing; a schema that only narrows another one need not repeat its type.
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allowUnionTypes: true,
  });
  ajvFormats.default(ajv);
  const compiled = new WeakMap<object, ValidateFunction>();
  const relocated = (value: unknown): object =>
    JSON.parse(
      JSON.stringify(value).replaceAll('"#/components/schemas/', '"urn:sovd-fleet:components#/$defs/'),
    ) as object;
  ajv.addSchema({ $id: 'urn:sovd-fleet:components', $defs: relocated(components.schemas) });
  const compile = (schema: object): ValidateFunction => {
    const made = ajv.compile(relocated(schema));
    compiled.set(schema, made);
    return made;
  };
  return (schema, value) => {
    if (value === undefined) return ['the body is not JSON'];
    const validate = compiled.get(schema) ?? compile(schema);
    if (validate(value)) return [];
    const errors = (validate.errors ?? []).slice(0, 5);
    return errors.map(
      ({ instancePath, message, params }) => `${instancePath || '/'} ${message ?? ''} ${JSON.stringify(params)}`,
    );
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function codeOf(body: string): string | undefined {
  const problem = parsed(body);
  const code: unknown = typeof problem === 'object' && problem !== null ? Reflect.get(problem, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
