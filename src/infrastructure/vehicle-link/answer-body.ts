import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

import type { Json } from '#application/domain/json.js';
import type { AnswerBody } from '#application/domain/response.js';

import { charsetOf, contentCodingsOf, mediaTypeOf } from './answer-headers.js';
import type { WholeAnswer } from './http-exchange.js';
import { isStorable } from './json-limits.js';
import { invalidResponse, responseTooLarge } from './link-failures.js';

const none: AnswerBody = { encoding: 'none' };
const maxExcerptLength = 200;
const byteOrderMark = '\uFEFF';

/** Types whose bytes are data, even where they happen to look like text. */
const binaryType = /^(?:application\/(?:octet-stream|zip|gzip|pdf)|(?:image|audio|video|font)\/.*)$/u;
const jsonType = /^(?:application|text)\/json$|\+json$/u;
/** Escapes that stand for what PostgreSQL's jsonb refuses: NUL and the halves of surrogate pairs. */
const suspiciousEscape = /\\u(?:0000|[dD][89a-fA-F])/u;

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** A body and what it weighs, decompressed. */
export interface SizedBody {
  readonly body: AnswerBody;
  readonly bytes: number;
}

/**
 * The body of an answer as it is kept. What looks like JSON is JSON, whatever its type says, unless that names binary
 * data; the other way round, JSON that isn't makes a 2xx an invalid answer, and is text with any other status.
 *
 * Numbers are IEEE doubles (RFC 8259 section 6): integers beyond 2^53 lose digits. A document with a number that no double
 * holds, or that is nested too deeply, stays text. Of names that come twice in an object the last one counts.
 *
 * Throws a `VehicleLinkFailure`: `response-too-large` when it grows over the limit by decompression.
 */
export async function readBody(answer: WholeAnswer, maxBytes: number): Promise<SizedBody> {
  const { headers, status } = answer;
  const bytes = await decompress(answer, maxBytes);
  const body = bytes === undefined ? asBase64(answer.body) : represent(bytes, headers, status);
  return { body, bytes: (bytes ?? answer.body).length };
}

/** Text of an event as a body: JSON when it is some, text when it can be kept as such. */
export function representText(text: string): AnswerBody {
  if (text === '') return none;
  return parseJson(text) ?? (text.includes('\0') ? asBase64(Buffer.from(text)) : { encoding: 'text', value: text });
}

/** Undefined when the bytes are coded in a way that nobody here knows. */
async function decompress({ headers, body }: WholeAnswer, maxBytes: number): Promise<Buffer | undefined> {
  const codings = contentCodingsOf(headers);
  if (codings.length === 0 || body.length === 0) return body;
  const decode = codings.length === 1 ? decoders.get(codings[0] ?? '') : undefined;
  try {
    return await decode?.(body, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (error) {
    if (error instanceof RangeError) throw responseTooLarge();
    throw invalidResponse('The compressed answer of the vehicle is broken.', error);
  }
}

function represent(bytes: Buffer, headers: IncomingHttpHeaders, status: number): AnswerBody {
  if (bytes.length === 0) return none;
  const type = mediaTypeOf(headers) ?? '';
  if (binaryType.test(type)) return asBase64(bytes);
  const isDeclaredJson = jsonType.test(type);
  const text = decodeText(bytes, charsetOf(headers), isDeclaredJson);
  if (isDeclaredJson) {
    if (text?.trim() === '') return none;
    const body = text === undefined ? undefined : parseJson(text, bytes);
    if (body !== undefined) return body;
    if (status >= 200 && status < 300) throw notJson(bytes);
  } else if (text !== undefined && /^\s*[{[]/u.test(text)) {
    const body = parseJson(text, bytes);
    if (body !== undefined) return body;
  }
  return text === undefined || text.includes('\0') ? asBase64(bytes) : { encoding: 'text', value: text };
}

/** A JSON document as a body, its raw bytes when the database could not hold it, or undefined when it is none. */
function parseJson(text: string, bytes?: Buffer): AnswerBody | undefined {
  const value = tryParse(text);
  if (value === undefined) return undefined;
  const isSuspicious = suspiciousEscape.test(text);
  if (isStorable(value, isSuspicious)) return { encoding: 'json', value };
  return isSuspicious ? asBase64(bytes ?? Buffer.from(text)) : { encoding: 'text', value: text };
}

function tryParse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Undefined when the bytes are not text in the encoding that they claim, which is UTF-8 where nothing else is said. */
function decodeText(bytes: Buffer, charset: string | undefined, isJson: boolean): string | undefined {
  if (charset === undefined || charset === 'utf-8' || charset === 'us-ascii') return decodeUtf8(bytes);
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    // JSON is UTF-8 by its own rules (RFC 8259 section 8.1), whatever made-up name stands there.
    return isJson ? decodeUtf8(bytes) : undefined;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function decodeUtf8(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

function asBase64(bytes: Buffer): AnswerBody {
  return { encoding: 'base64', value: bytes.toString('base64') };
}

/** The words for users stay general; the beginning of what came is in the cause, which only the log shows. */
function notJson(bytes: Buffer): Error {
  const excerpt = JSON.stringify(bytes.subarray(0, maxExcerptLength).toString('latin1'));
  return invalidResponse(
    'The vehicle called its answer JSON, and it is not.',
    new SyntaxError(`${bytes.length} bytes that begin with ${excerpt}`),
  );
}
