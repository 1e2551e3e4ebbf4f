import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket, type PeerCertificate } from 'node:tls';

import type { IssuedCertificate } from '#support/certificates.js';

/** A request as a vehicle behind TLS got it. */
export interface TlsRequest {
  readonly method: string;
  /** Common name of the certificate that the client showed; undefined for none. */
  readonly client: string | undefined;
  readonly authorization: string | undefined;
  /** Tells connections apart. */
  readonly port: number | undefined;
  readonly isResumed: boolean;
}

/** A vehicle that is spoken to over TLS. */
export interface TlsVehicle {
  readonly baseUrl: string;
  readonly received: TlsRequest[];
  /** How many TCP connections there were. */
  readonly connectionCount: () => number;
  readonly close: () => Promise<void>;
}

/** Starts one on a free port. With `clientAuthority` it takes nobody without a certificate of that authority. */
export async function startTlsVehicle(
  server: IssuedCertificate,
  clientAuthority?: IssuedCertificate,
): Promise<TlsVehicle> {
  const received: TlsRequest[] = [];
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const listener = createServer(
    {
      key: server.privateKey,
      cert: server.certificate,
      ...(clientAuthority === undefined
        ? {}
        : { ca: clientAuthority.certificate, requestCert: true, rejectUnauthorized: true }),
    },
    (message, reply) => {
      const { socket } = message;
      if (!(socket instanceof TLSSocket)) throw new Error('There is TLS here, and nothing else.');
      received.push({
        method: message.method ?? '',
        client: nameOf(socket),
        authorization: message.headers.authorization,
        port: socket.remotePort,
        isResumed: socket.isSessionReused(),
      });
      message.resume();
      reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    },
  );
  listener.on('connection', (socket: Socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    baseUrl: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    received,
    connectionCount: () => connectionCount,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(listener, 'close');
      listener.close();
      await closed;
    },
  };
}

/** Without a certificate Node gives an empty object for it. */
function nameOf(socket: TLSSocket): string | undefined {
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return subject?.CN?.toString();
}
