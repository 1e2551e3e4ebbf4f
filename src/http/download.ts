import type { Response } from 'express';

import type { DownloadEndpoint } from './endpoint.js';
import { endAnswer, isDrained, refuseStuckReader } from './reader-pace.js';

/**
 * Sends a file in pieces. Asks for the next piece only when the reader has taken the ones before, so neither a long file nor
 * a slow reader piles up what waits to be sent; one that is stuck is disconnected. What the pieces throw before the first of
 * them is thrown with nothing sent.
 */
export async function sendDownload(
  response: Response,
  pieces: AsyncIterable<string>,
  { mediaType, fileName }: DownloadEndpoint['file'],
): Promise<void> {
  const gone = new AbortController();
  const isGone = (): boolean => gone.signal.aborted;
  response.once('close', () => gone.abort());
  if (response.closed) return;
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    let piece = await iterator.next();
    if (isGone()) return;
    response.status(200).set({
      'Content-Type': `${mediaType}; charset=utf-8`,
      'Content-Disposition': `attachment; filename="${fileName}"`,
      'X-Accel-Buffering': 'no',
    });
    refuseStuckReader(response);
    // Nobody reads what answers HEAD.
    while (piece.done !== true && response.req.method !== 'HEAD') {
      if (!response.write(piece.value) && !(await isDrained(response, gone.signal))) {
        response.destroy();
        return;
      }
      piece = await iterator.next();
      if (isGone()) return;
    }
    await endAnswer(response);
  } finally {
    await iterator.return?.();
  }
}
