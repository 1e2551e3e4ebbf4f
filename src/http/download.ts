import type { Response } from 'express';

import type { DownloadEndpoint } from './endpoint.js';
import { endAnswer, isDrained, refuseStuckReader } from './reader-pace.js';

/**
 * After how many pieces the garbage of their making is collected: some megabytes. Left alone it would fill all the space that there
 * is for young objects, which is meant for crowds, and the service would keep that.
 */
const piecesPerCollection = 16;

interface DownloadOptions {
  readonly file: DownloadEndpoint['file'];
  /** Collects, of what was made a moment ago, what nobody needs any more. */
  readonly collectYoungObjects: () => void;
}

/**
 * Sends a file in pieces. Asks for the next piece only when the reader has taken the ones before, so neither a long file nor
 * a slow reader piles up what waits to be sent; one that is stuck is disconnected. What the pieces throw before the first of
 * them is thrown with nothing sent.
 */
export async function sendDownload(
  response: Response,
  pieces: AsyncIterable<string>,
  { file: { mediaType, fileName }, collectYoungObjects }: DownloadOptions,
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
    let pieceCount = 0;
    // Nobody reads what answers HEAD.
    while (piece.done !== true && response.req.method !== 'HEAD') {
      if (!response.write(piece.value) && !(await isDrained(response, gone.signal))) {
        response.destroy();
        return;
      }
      pieceCount += 1;
      if (pieceCount % piecesPerCollection === 0) collectYoungObjects();
      piece = await iterator.next();
      if (isGone()) return;
    }
    await endAnswer(response);
  } finally {
    await iterator.return?.();
  }
}
