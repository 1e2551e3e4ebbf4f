import { createServer, STATUS_CODES, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import type { Express } from 'express';

interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** How long a whole request, its body included, may take to arrive. */
const receiveTimeoutMillis = 30_000;

/** A little above what usual proxies keep, so that it is never us who closes a connection that is about to be used. */
const keepAliveMillis = 65_000;

/** How often idle connections are looked for while the server closes. */
const sweepMillis = 100;

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Takes no more connections; waits for what is under way, at most so long, then cuts it off. */
  readonly close: (graceMillis: number) => Promise<void>;
}

/** Listens. Rejects with a sentence that says what to change when the port is taken. */
export async function listen(app: Express, { host, port }: ListenOptions): Promise<HttpServer> {
  const server = createServer({ requestTimeout: receiveTimeoutMillis, keepAliveTimeout: keepAliveMillis }, app);
  server.on('clientError', answerBrokenRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new Error(`port ${port} is in use; set PORT to another one`) : error);
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMillis) => close(server, graceMillis),
  };
}

async function close(server: Server, graceMillis: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that has got its answer is idle, and its client would keep it open for the next request.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMillis);
  const timer = setTimeout(() => server.closeAllConnections(), graceMillis);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

/** What never became a request gets a problem too; Express doesn't see it. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({
    type: 'urn:sovd-fleet:error:malformed-request',
    title: 'The request could not be read',
    status,
    detail: 'What arrived is no HTTP request that can be answered.',
    instance: '',
    code: 'malformed-request',
    request_id: '',
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n\r\n${body}`,
  );
}
