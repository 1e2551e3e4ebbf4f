import type { Response } from 'express';

import type { StreamEvent } from './endpoint.js';
import type { OpenStream } from './open-streams.js';
import { endAnswer, isDrained, refuseStuckReader } from './reader-pace.js';

/**
 * Sends events as Server-Sent Events (WHATWG HTML, 9.2). Asks for the next event only when the reader has taken the ones
 * before, so a slow reader costs no memory; one that is stuck is disconnected, and can resume.
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
  // What is stored already goes out together with the head. The response itself must not be corked: ended while it is, it
  // sends its end before its events in Node.js 22.
  const { socket } = response;
  socket?.cork();
  setImmediate(() => socket?.uncork());
  response.flushHeaders();
  refuseStuckReader(response);
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
    await endAnswer(response);
  } finally {
    stream.end();
  }
}
