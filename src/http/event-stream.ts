import { once } from 'node:events';

import type { Response } from 'express';

import type { StreamEvent } from './endpoint.js';
import type { OpenStream } from './open-streams.js';

/** A reader to whom not one byte could be sent for so long is gone, or as good as gone; it can resume. */
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
  response.once('timeout', () => response.destroy());
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
    await end(response);
  } finally {
    stream.end();
  }
}

async function isDrained(response: Response, signal: AbortSignal): Promise<boolean> {
  // Starts again whenever the system takes some bytes: a large event may need its time on a slow way.
  response.setTimeout(stuckReaderMillis);
  try {
    await once(response, 'drain', { signal });
    return true;
  } catch {
    return false;
  } finally {
    response.setTimeout(0);
  }
}

/** What is still on its way out belongs to the stream, and so does a reader who never takes it. */
async function end(response: Response): Promise<void> {
  if (response.closed) return;
  const closed = once(response, 'close').catch(() => undefined);
  response.setTimeout(stuckReaderMillis);
  response.end();
  await closed;
}
