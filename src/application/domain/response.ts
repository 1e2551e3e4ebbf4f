import type { Json } from './json.js';
import type { SovdMethod } from './sovd/method.js';

/**
 * The body of a vehicle's answer, whatever it was. JSON stands as JSON; text as text; everything else, also text or JSON
 * that the database could not hold (a NUL character, half a surrogate pair), as base64.
 */
export type AnswerBody =
  | { readonly encoding: 'json'; readonly value: Json }
  | { readonly encoding: 'text'; readonly value: string }
  | { readonly encoding: 'base64'; readonly value: string }
  | { readonly encoding: 'none' };

/** What a vehicle answered to one request, as it was sent, and beside it what we read out of it. */
export interface ResponsePayload {
  readonly request: { readonly method: SovdMethod; readonly path: string };
  /** The HTTP status of the vehicle's answer; for an event of a stream that of the stream. */
  readonly status: number;
  readonly mediaType: string | undefined;
  readonly body: AnswerBody;
  /** Our reading of the body in one form for all servers, or undefined where there is none. */
  readonly result: Json | undefined;
}

/** A response as a command type yields it: not yet numbered, not yet stored. */
export interface VehicleResponse {
  /**
   * What the response is about, unique within the command, for example `data/engine-speed`. After a takeover a response
   * whose subject is already stored is not stored again.
   */
  readonly subject: string;
  readonly payload: ResponsePayload;
  readonly isFinal: boolean;
  /** Why this answer is not what was asked for, if it isn't: the command goes on, and ends as failed. */
  readonly refusal?: Refusal;
  /** The vehicle got the request, and nobody can know whether it did it; `refusal` says why. */
  readonly isOutcomeUnknown?: boolean;
  /** The vehicle confirmed that it stopped the execution, because it was asked to. */
  readonly isStopped?: boolean;
}

/** Whose fault it was that a request failed, and in which words. */
export interface Refusal {
  readonly code: CommandErrorCode;
  readonly message: string;
}

/** Why a command failed, or why nobody knows. */
export const commandErrorCodes = [
  'vehicle-unreachable',
  'vehicle-address-not-allowed',
  'vehicle-credentials-unusable',
  'vehicle-timeout',
  'vehicle-rejected',
  'vehicle-error',
  'vehicle-invalid-response',
  'vehicle-connection-lost',
  'response-too-large',
  'too-many-responses',
  'dispatch-interrupted',
  'internal-error',
] as const;

/** One of the codes. */
export type CommandErrorCode = (typeof commandErrorCodes)[number];

/** One stored answer of the vehicle within a command. */
export interface Response extends VehicleResponseFields {
  readonly id: string;
  readonly commandId: string;
  /** Counts the responses of the command, from 0. */
  readonly sequenceNumber: number;
  /** Counts the events of the command (responses and transitions), from 1. */
  readonly eventNumber: number;
  readonly receivedAt: Date;
}

type VehicleResponseFields = Pick<VehicleResponse, 'subject' | 'payload' | 'isFinal'>;
