import type { IncomingMessage } from 'node:http';

const maxBodyBytes = 4 * 1024 * 1024;

/** The body as text, empty when there is none, `undefined` when it is too large (it is read to its end all the same). */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return '';
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += (piece as Buffer).length;
    if (bytes <= maxBodyBytes) pieces.push(piece as Buffer);
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(pieces).toString('utf8');
}
