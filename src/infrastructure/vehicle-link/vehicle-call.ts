import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { isJsonObject } from '#application/domain/json.js';
import type { SovdRequest, VehicleAnswer } from '#application/domain/sovd/exchange.js';
import type { SovdMethod } from '#application/domain/sovd/method.js';
import type { CredentialVault } from '#application/ports/credential-vault.js';
import type { Log } from '#application/ports/log.js';
import type { ExchangeOptions, VehicleTarget } from '#application/ports/vehicle-link.js';

import { readBody } from './answer-body.js';
import { mediaTypeOf, retryAfterSecondsOf } from './answer-headers.js';
import { exchange, type HttpRequest, type StreamAnswer, type WholeAnswer } from './http-exchange.js';
import { unsendable } from './link-failures.js';
import type { VehicleLinkSettings } from './link-settings.js';
import { ResponseBudget } from './response-budget.js';
import type { VehicleConnections } from './vehicle-connections.js';
import { VehicleIdentity } from './vehicle-identity.js';
import { parseBase, wirePath, type VehicleBase } from './wire-path.js';

/** The parts of an answer that don't depend on what it is an answer to. */
export type AnswerCore = Pick<VehicleAnswer, 'status' | 'mediaType' | 'body' | 'retryAfterSeconds'>;

/** What all calls of a link have in common. */
export interface LinkParts {
  readonly connections: VehicleConnections;
  readonly settings: VehicleLinkSettings;
  readonly log: Log;
  readonly vault: CredentialVault;
  readonly userAgent: string;
}

/** One `send`: a request to a vehicle, and whatever further requests it takes to learn its end. */
export class VehicleCall {
  readonly base: VehicleBase;
  readonly budget: ResponseBudget;
  readonly log: Log;
  private readonly path: string;
  private readonly headers: readonly string[];
  private readonly identity: VehicleIdentity;

  constructor(
    private readonly parts: LinkParts,
    private readonly target: VehicleTarget,
    readonly request: SovdRequest,
    readonly options: ExchangeOptions,
  ) {
    const { settings, userAgent } = parts;
    this.base = parseBase(target.baseUrl);
    this.path = wirePath(this.base, request);
    this.log = parts.log.withFields({ vehicle_id: target.vehicleId, command_id: options.commandId });
    this.identity = new VehicleIdentity({ vault: parts.vault, log: this.log }, target, this.base.origin);
    this.budget = new ResponseBudget(
      Math.min(options.maxResponseBytes, settings.maxResponseBytes),
      settings.maxResponses,
    );
    // Servers know the owner of a lock by one of the two client ids.
    this.headers = [
      'accept',
      'application/json, text/event-stream;q=0.9, */*;q=0.1',
      'accept-encoding',
      'identity',
      'user-agent',
      userAgent,
      'x-command-id',
      options.commandId,
      'x-client-id',
      options.commandId,
      'x-sovd-client-id',
      options.commandId,
    ];
  }

  get settings(): VehicleLinkSettings {
    return this.parts.settings;
  }

  /** Sends the request that this call is about. */
  start(): Promise<WholeAnswer | StreamAnswer> {
    const body = withTimeout(this.request, this.options.timeoutSeconds);
    return this.send(this.request.method, this.path, body, this.options.signal, this.options.beforeSending);
  }

  /** Sends one request, once; what only reads goes over the pool, everything else over a connection of its own. */
  async send(
    method: SovdMethod,
    path: string,
    body: SovdRequest['body'],
    signal: LightAbortSignal,
    beforeSending?: () => void,
  ): Promise<WholeAnswer | StreamAnswer> {
    const { connections } = this.parts;
    const request: HttpRequest = {
      method,
      path,
      headers: [
        ...this.headers,
        ...this.identity.headers(),
        ...(body === undefined ? [] : ['content-type', 'application/json']),
      ],
      body: body === undefined ? undefined : serialize(body),
    };
    const { identity, target } = this;
    const { origin } = this.base;
    // A connection that stood idle may be dead, which shows only after something was sent.
    const connection =
      method === 'GET'
        ? await connections.lend(target.vehicleId, origin, identity, signal)
        : connections.open(origin, identity);
    return exchange(connection, request, { signal, maxBodyBytes: this.budget.maxBytes, beforeSending });
  }

  /** Reads an answer; the bytes are for the budget, when it is handed on. Throws `vehicle-invalid-response` and `response-too-large`. */
  async read(answer: WholeAnswer): Promise<{ readonly core: AnswerCore; readonly bytes: number }> {
    const { status, headers } = answer;
    const { body, bytes } = await readBody(answer, this.budget.maxBytes);
    const core = { status, mediaType: mediaTypeOf(headers), body };
    const retryAfterSeconds = retryAfterSecondsOf(headers, Date.now());
    return { core: retryAfterSeconds === undefined ? core : { ...core, retryAfterSeconds }, bytes };
  }
}

/**
 * The body to send. An operation is told how long it may take (SOVD 1.1, operations, `timeout`), a little less than we
 * wait, so that the vehicle gives up before we do; unless the request says so itself.
 */
function withTimeout({ method, path, body }: SovdRequest, timeoutSeconds: number): SovdRequest['body'] {
  if (method !== 'POST' || !isJsonObject(body)) return body;
  if ('timeout' in body || !/(?:^|\/)operations\/[^/]+\/executions$/u.test(path)) return body;
  return { ...body, timeout: Math.max(1, Math.floor(timeoutSeconds) - 1) };
}

function serialize(body: Exclude<SovdRequest['body'], undefined>): string {
  try {
    return JSON.stringify(body);
  } catch (error) {
    throw unsendable('its body is nested too deeply', error);
  }
}
