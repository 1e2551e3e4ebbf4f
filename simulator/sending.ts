import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

import type { Answer } from './answer.js';

/** An answer as bytes, ready to be sent or spoilt. */
export interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The bytes of a plain answer. */
export function render(answer: Answer): Rendered {
  if (answer.body === undefined) return { status: answer.status, headers: { ...answer.headers }, body: '' };
  const headers = { ...answer.headers, 'Content-Type': 'application/json' };
  return { status: answer.status, headers, body: JSON.stringify(answer.body) };
}

/** Sends it whole. */
export function send(response: ServerResponse, rendered: Rendered): void {
  response.writeHead(rendered.status, withLength(rendered));
  response.end(rendered.body);
}

/** The headers with the length of the body; a 204 has none (RFC 9110 section 8.6). */
export function withLength(rendered: Rendered): Readonly<Record<string, string>> {
  if (rendered.status === 204) return rendered.headers;
  return { ...rendered.headers, 'Content-Length': Buffer.byteLength(rendered.body).toString() };
}

/**
 * Sends an event stream piece by piece, no faster than the client reads, until it ends, the client goes away, or
 * `maxBytes` are sent. Tells which of the three it was.
 */
export async function sendStream(
  response: ServerResponse,
  answer: Answer,
  frames: AsyncIterable<string>,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<'ended' | 'client-closed' | 'limit'> {
  response.writeHead(answer.status, { ...answer.headers, 'Cache-Control': 'no-store' });
  response.flushHeaders();
  let sentBytes = 0;
  for await (const piece of frames) {
    if (response.destroyed) return 'client-closed';
    await writePiece(response, piece);
    sentBytes += Buffer.byteLength(piece);
    if (sentBytes >= maxBytes) return 'limit';
  }
  if (response.destroyed) return 'client-closed';
  response.end();
  return 'ended';
}

/** Writes, and waits until the client has taken it or is gone. */
export async function writePiece(response: ServerResponse, piece: string): Promise<void> {
  if (response.write(piece) || response.destroyed) return;
  const settled = new AbortController();
  try {
    await Promise.race([
      once(response, 'drain', { signal: settled.signal }),
      once(response, 'close', { signal: settled.signal }),
    ]);
  } finally {
    settled.abort();
  }
}
