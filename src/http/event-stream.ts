import { once } from 'node:events';

import type { Response } from 'express';

import type { StreamEvent } from './endpoint.js';
import type { OpenStream } from './open-streams.js';

/** A reader that takes nothing for so long is gone, or as good as gone; it can resume. */
const stuckReaderMillis = 30_000;

/**
 * Sends events as Server-Sent Events (WHATWG HTML, 9.2). Asks for the next event only when the reader has taken the ones
 * before, so a slow reader costs no memory; one that is stuck is disconnected.
 */
export async function sendEventStream(
  response: Response,
  events: AsyncIterable<unknown>,
  present: (item: unknown) => StreamEvent,
  stream: OpenStream,
): Promise<void> {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  try {
    for await (const item of events) {
      if (stream.signal.aborted) break;
      const { id, event, data } = present(item);
      // JSON has no line ends in it, so one data line is enough.
      const isTaken = response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (!isTaken && !(await isDrained(response, stream.signal))) {
        response.destroy();
        return;
      }
    }
    response.end();
  } finally {
    stream.end();
  }
}

async function isDrained(response: Response, signal: AbortSignal): Promise<boolean> {
  const stuck = AbortSignal.timeout(stuckReaderMillis);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, stuck]) });
    return true;
  } catch {
    return false;
  }
}
