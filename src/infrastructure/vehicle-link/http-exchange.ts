import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';

import type { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import type { SovdMethod } from '#application/domain/sovd/method.js';

import { isEventStream } from './answer-headers.js';
import { ChunkQueue } from './chunk-queue.js';
import {
  connectionLost,
  failureAfterSending,
  failureBeforeSending,
  invalidResponse,
  responseTooLarge,
} from './link-failures.js';
import type { VehicleConnection } from './vehicle-connection.js';

/** One HTTP request, as it goes over the wire. */
export interface HttpRequest {
  readonly method: SovdMethod;
  /** The request target. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | undefined;
}

/** An answer with its whole body. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The head of an event stream, and its body as it arrives. Whoever has it reads it to the end or calls `hangUp`. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly chunks: ChunkQueue;
  /** Closes the connection; the chunks end at once. Idempotent, and nothing when the stream has ended. */
  readonly hangUp: () => void;
}

/** What bounds one exchange. */
export interface ExchangeLimits {
  readonly signal: LightAbortSignal;
  /** Of a whole body, as it comes over the wire. */
  readonly maxBodyBytes: number;
  /** See `ExchangeOptions`. */
  readonly beforeSending?: (() => void) | undefined;
}

/**
 * Sends one request over a connection, once, and gives the connection back when the answer is complete, or closes it.
 * A 2xx with an event stream is handed on at its head. Throws `VehicleLinkFailure`, for a redirect too; on an aborted
 * signal its reason, at once.
 */
export function exchange(
  connection: VehicleConnection,
  request: HttpRequest,
  limits: ExchangeLimits,
): Promise<WholeAnswer | StreamAnswer> {
  if (limits.signal.aborted) {
    connection.release(false);
    return Promise.reject(limits.signal.reason);
  }
  return new Promise((resolve, reject) => {
    const handler = new AnswerHandler(connection, limits, resolve, reject);
    const isPooled = request.method === 'GET';
    connection.dispatch(
      {
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        idempotent: isPooled,
        ...(isPooled ? {} : { reset: true }),
      },
      handler,
    );
  });
}

/** waiting → sent → receiving a whole body | streaming → settled; from each of them a failure leads to settled. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private stream: ChunkQueue | undefined;
  private isSettled = false;
  private readonly onAbort = (): void => this.fail(this.limits.signal.reason);

  constructor(
    private readonly connection: VehicleConnection,
    private readonly limits: ExchangeLimits,
    private readonly resolve: (answer: WholeAnswer | StreamAnswer) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    limits.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // undici writes nothing when it throws, and reports that as an error of the request.
    this.limits.beforeSending?.();
    this.controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.isSettled) return;
    const refusal = this.refuse(status, headers);
    if (refusal !== undefined) {
      this.fail(refusal);
      return;
    }
    this.status = status;
    this.headers = headers;
    if (status >= 300 || !isEventStream(headers)) return;
    const chunks = new ChunkQueue(controller);
    this.stream = chunks;
    this.resolve({ status, headers, chunks, hangUp: () => this.hangUp() });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isSettled) return;
    if (this.stream !== undefined) {
      this.stream.push(chunk);
      return;
    }
    this.size += chunk.length;
    if (this.size > this.limits.maxBodyBytes) {
      this.fail(responseTooLarge());
      return;
    }
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.isSettled) return;
    if (this.connection.isReset) {
      this.fail(connectionLost());
      return;
    }
    this.settle(true);
    if (this.stream !== undefined) {
      this.stream.end();
      return;
    }
    const [only] = this.chunks;
    const body = only !== undefined && this.chunks.length === 1 ? only : Buffer.concat(this.chunks, this.size);
    this.resolve({ status: this.status, headers: this.headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.isSettled) return;
    const failure = this.controller === undefined ? failureBeforeSending(error) : failureAfterSending(error);
    this.settle(false);
    if (this.stream === undefined) this.reject(failure);
    else this.stream.end(failure);
  }

  private refuse(status: number, headers: IncomingHttpHeaders): VehicleLinkFailure | undefined {
    if (status >= 300 && status < 400) {
      return invalidResponse(`The vehicle answered with a redirect (${status}), and redirects are not followed.`);
    }
    if (status >= 600) return invalidResponse(`The vehicle answered with ${status}, which is no HTTP status.`);
    return Number(headers['content-length']) > this.limits.maxBodyBytes ? responseTooLarge() : undefined;
  }

  private fail(error: unknown): void {
    if (this.isSettled) return;
    this.settle(false);
    if (this.stream === undefined) this.reject(error);
    else this.stream.cancel(error);
  }

  private hangUp(): void {
    if (this.isSettled) return;
    this.settle(false);
    this.stream?.cancel();
  }

  private settle(isReusable: boolean): void {
    this.isSettled = true;
    this.limits.signal.removeEventListener('abort', this.onAbort);
    this.connection.release(isReusable);
  }
}
