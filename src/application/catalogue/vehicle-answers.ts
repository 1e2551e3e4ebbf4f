import type { Safety } from '../domain/safety.js';
import type { Json } from '../domain/json.js';
import type { AnswerBody, ResponsePayload, VehicleResponse } from '../domain/response.js';
import type { SovdQuery, SovdRequest, VehicleAnswer, VehicleExchange } from '../domain/sovd/exchange.js';
import { judgeAnswer } from '../domain/sovd/judgement.js';
import { TransientRefusal } from '../domain/sovd/transient-refusal.js';

/** How the answers to a request become responses. */
export interface Reading {
  readonly safety: Safety;
  /** What the answer is about; unique within the command. */
  readonly subject: string;
  /** Whether nothing comes after the last answer to this request. */
  readonly isFinal: boolean;
  /** Whether a refusal for now is worth another try: only before the first response. */
  readonly mayRetry: boolean;
  /** Our reading of a JSON body; undefined when it isn't what was asked for. */
  readonly read: (document: Json) => Json | undefined;
  /** Our reading of an answer without a body; absent where there must be one. */
  readonly readNothing?: () => Json;
}

/** A reading that takes any body as it is. */
export const readAnything = (): null => null;

/** The one answer to a plain request, as a response. Throws what the exchange throws, and `TransientRefusal`. */
export async function askOnce(
  exchange: VehicleExchange,
  request: SovdRequest,
  reading: Reading,
): Promise<VehicleResponse> {
  let last: VehicleAnswer | undefined;
  for await (const answer of exchange.send(request)) last = answer;
  if (last === undefined) throw new Error('an exchange ended without an answer');
  return toResponse(request, last, reading);
}

/** One answer as a response, with the vehicle's refusal if it is one. */
export function toResponse(request: SovdRequest, answer: VehicleAnswer, reading: Reading): VehicleResponse {
  const result = readBody(answer.body, reading);
  // What a failed execution has given is worth reading; a plain refusal is not what the reading is for.
  const isReadable = answer.kind === 'execution' && answer.status < 300;
  const refused = {
    subject: reading.subject,
    isFinal: reading.isFinal && answer.isLast,
    payload: payloadOf(request, answer, isReadable ? result : undefined),
    ...(answer.isStopped === true ? { isStopped: true } : {}),
  };
  const judgement = judgeAnswer(answer, reading.safety);
  if (judgement.verdict === 'unknown') {
    // Nobody knows how it went on, so nothing more is asked.
    return { ...refused, isFinal: true, isOutcomeUnknown: true, refusal: judgement.refusal };
  }
  if (judgement.verdict === 'refused') {
    const response = { ...refused, refusal: judgement.refusal };
    const isWorthAnotherTry = judgement.isTransient && reading.safety === 'safe' && reading.mayRetry;
    if (isWorthAnotherTry) throw new TransientRefusal({ ...response, isFinal: true }, judgement.retryAfterSeconds);
    return response;
  }
  if (result !== undefined) return { ...refused, payload: payloadOf(request, answer, result) };
  const message = "The vehicle's answer is not what SOVD asks for here.";
  return { ...refused, refusal: { code: 'vehicle-invalid-response', message } };
}

function readBody(body: AnswerBody, reading: Reading): Json | undefined {
  if (body.encoding === 'json') return reading.read(body.value);
  if (body.encoding === 'none' && reading.readNothing !== undefined) return reading.readNothing();
  // A body that isn't JSON is fine where any body is, and for what changes the vehicle: that is done.
  return reading.read === readAnything || reading.safety !== 'safe' ? null : undefined;
}

function payloadOf(request: SovdRequest, answer: VehicleAnswer, result: Json | undefined): ResponsePayload {
  return {
    request: { method: request.method, path: request.path + queryText(request.query ?? []) },
    status: answer.status,
    mediaType: answer.mediaType,
    body: answer.body,
    // A reading of null says that there is none.
    result: result ?? undefined,
  };
}

function queryText(query: SovdQuery): string {
  if (query.length === 0) return '';
  return `?${query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
}
