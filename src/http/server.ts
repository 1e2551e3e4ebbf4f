import { randomUUID } from 'node:crypto';
import { createServer, IncomingMessage, ServerResponse, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import type { Express, Request, Response } from 'express';

import { ApplicationError } from '#application/domain/errors.js';

import { securityHeaders } from './middleware/security-headers.js';
import { problemHeaders, problemOf } from './problem.js';

interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How long the header of a request may take to arrive. */
  readonly headerTimeoutMillis?: number;
  /** How long a whole request, its body included, may take to arrive. */
  readonly receiveTimeoutMillis?: number;
  /** How often it is looked for those that take too long. */
  readonly checkMillis?: number;
  /** What requests and responses are made as; Node's own unless told otherwise. */
  readonly messages?: Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>;
}

/** The most bytes of a header. */
const maxHeaderBytes = 16_384;

/** A little above what usual proxies keep, so that it is never us who closes a connection that is about to be used. */
const keepAliveMillis = 65_000;

/** How often idle connections are looked for while the server closes. */
const sweepMillis = 100;

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** How many are open. */
  readonly connections: () => number;
  /** Takes no more connections; waits for what is under way, at most so long, then cuts it off. */
  readonly close: (graceMillis: number) => Promise<void>;
}

/** Listens. Rejects with a sentence that says what to change when the port is taken. */
export async function listen(app: Express, options: ListenOptions): Promise<HttpServer> {
  const { host, port, headerTimeoutMillis = 10_000, receiveTimeoutMillis = 30_000, checkMillis = 2000 } = options;
  const { messages = {} } = options;
  const server = createServer(
    // A missing Host header is refused by the application, in its own form.
    {
      headersTimeout: headerTimeoutMillis,
      requestTimeout: receiveTimeoutMillis,
      connectionsCheckingInterval: checkMillis,
      keepAliveTimeout: keepAliveMillis,
      maxHeaderSize: maxHeaderBytes,
      requireHostHeader: false,
      ...messages,
    },
    app,
  );
  // An expectation that nobody knows may be passed over (RFC 9110 section 10.1.1).
  server.on('checkExpectation', app);
  const unanswered = new WeakMap<object, ServerResponse>();
  server.on('request', ({ socket }, response) => {
    unanswered.set(socket, response);
    response.once('close', () => unanswered.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const response = unanswered.get(socket);
    // What can't be read is not part of the request that is being answered, or comes when half of the answer is out.
    const isTooLate = response !== undefined && (response.req.complete || response.headersSent);
    if (error.code === 'ECONNRESET' || !socket.writable || isTooLate) socket.destroy();
    else answerBrokenRequest(error, response ?? newResponse(socket));
  });
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new Error(`port ${port} is in use; set PORT to another one`) : error);
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections.size,
    close: (graceMillis) => close(server, connections, graceMillis),
  };
}

async function close(server: Server, connections: ReadonlySet<Socket>, graceMillis: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that has got its answer is idle, and its client would keep it open for the next request.
  const sweep = setInterval(() => closeIdle(server, connections), sweepMillis);
  const timer = setTimeout(() => server.closeAllConnections(), graceMillis);
  closeIdle(server, connections);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

/** Node takes a connection for busy that was opened ahead and on which nothing was ever sent. */
function closeIdle(server: Server, connections: ReadonlySet<Socket>): void {
  server.closeIdleConnections();
  for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
}

const brokenStatuses: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** A request that can't be read is answered as all others are; Express doesn't see it. */
function answerBrokenRequest({ code }: NodeJS.ErrnoException, response: ServerResponse): void {
  const { socket } = response.req;
  response.once('finish', () => socket.end());
  response.shouldKeepAlive = false;
  const requestId = String(response.getHeader('X-Request-Id') ?? randomUUID());
  const error = new ApplicationError('malformed-request', 'What arrived is no HTTP request that can be answered.');
  const status = brokenStatuses[code ?? ''] ?? 400;
  // Helmet uses nothing of Express.
  securityHeaders()(response.req as Request, response as Response, () => {
    const body = JSON.stringify({ ...problemOf(error, { instance: '', requestId }), status });
    const length = { 'Content-Length': Buffer.byteLength(body) };
    response.writeHead(status, { ...problemHeaders(error), ...length, 'X-Request-Id': requestId });
    response.end(body);
  });
}

function newResponse(socket: Socket): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(socket));
  response.assignSocket(socket);
  return response;
}
