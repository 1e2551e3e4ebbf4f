import { createParser, type EventSourceMessage } from 'eventsource-parser';

import type { VehicleAnswer } from '#application/domain/sovd/exchange.js';

import { representText } from './answer-body.js';
import { contentCodingsOf, mediaTypeOf } from './answer-headers.js';
import type { StreamAnswer } from './http-exchange.js';
import { invalidResponse, responseTooLarge } from './link-failures.js';
import type { VehicleCall } from './vehicle-call.js';

/**
 * The events of a stream as answers, each as it arrives, and one for its end. An event that the end cuts off is dropped,
 * as the HTML Living Standard has it. When the caller wishes a stop, a stream that was read with GET is hung up on.
 * Throws a `VehicleLinkFailure` when the connection breaks or a limit is passed; the connection is closed on every way out.
 */
export async function* readEventStream(call: VehicleCall, answer: StreamAnswer): AsyncGenerator<VehicleAnswer> {
  const { signal, stop } = call.options;
  const head = { status: answer.status, mediaType: mediaTypeOf(answer.headers) };
  const canHangUp = call.request.method === 'GET';
  if (canHangUp) stop.addEventListener('abort', answer.hangUp, { once: true });
  try {
    if (contentCodingsOf(answer.headers).length > 0) {
      throw invalidResponse('The vehicle sent a compressed event stream, which it was asked not to do.');
    }
    if (canHangUp && stop.aborted) answer.hangUp();
    for await (const { data } of parseEvents(answer.chunks, call.settings.maxEventBytes)) {
      signal.throwIfAborted();
      call.budget.spend(Buffer.byteLength(data));
      yield { ...head, kind: 'event', body: representText(data), isLast: false };
      if (canHangUp && stop.aborted) break;
    }
    signal.throwIfAborted();
    call.budget.spend(0);
    const end = { ...head, kind: 'end-of-stream', body: { encoding: 'none' }, isLast: true } as const;
    yield canHangUp && stop.aborted ? { ...end, isStopped: true } : end;
  } finally {
    stop.removeEventListener('abort', answer.hangUp);
    answer.hangUp();
  }
}

async function* parseEvents(
  chunks: AsyncIterable<Buffer>,
  maxEventBytes: number,
): AsyncGenerator<EventSourceMessage, void, undefined> {
  let events: EventSourceMessage[] = [];
  const buffer = { isTooLarge: false };
  const parser = createParser({
    maxBufferSize: maxEventBytes,
    onEvent: (event) => events.push(event),
    onError: (error) => (buffer.isTooLarge ||= error.type === 'max-buffer-size-exceeded'),
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const complete = events;
    events = [];
    for (const event of complete) {
      if (Buffer.byteLength(event.data) > maxEventBytes) throw responseTooLarge();
      // An event without data is not dispatched; some servers send it to keep the connection alive.
      if (event.data !== '') yield event;
    }
    if (buffer.isTooLarge) throw responseTooLarge();
  }
}
