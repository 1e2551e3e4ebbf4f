import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net';

import type { SovdRequest, VehicleAnswer } from '#application/domain/sovd/exchange.js';
import type { LogFields, TaskLog } from '#application/ports/log.js';
import type { ExchangeOptions, VehicleTarget } from '#application/ports/vehicle-link.js';
import { Secret } from '#config/secret.js';
import { openCredentialVault } from '#infrastructure/security/aes-gcm-credential-vault.js';
import { AddressPolicy } from '#infrastructure/vehicle-link/address-policy.js';
import { createHttpVehicleLink, type HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';
import type { HttpVehicleLinkOptions } from '#infrastructure/vehicle-link/link-settings.js';

/** A vault with a key of its own. */
export const testVault = openCredentialVault([{ id: 'test', secret: new Secret(randomBytes(32).toString('base64')) }]);

/** A request as a vehicle got it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Tells connections apart. */
  readonly port: number | undefined;
}

/** A server on a free port that stands for a vehicle. */
export interface TestVehicle {
  readonly origin: string;
  readonly received: ReceivedRequest[];
  readonly sockets: Set<Socket>;
  readonly target: (path?: string) => VehicleTarget;
  readonly close: () => Promise<void>;
}

/** What a vehicle does with a request that it has received whole. */
export type Behaviour = (request: ReceivedRequest, reply: ServerResponse) => void;

/** A vehicle that speaks HTTP. */
export async function startVehicle(
  behaviour: Behaviour,
  { onConnection = () => undefined }: { readonly onConnection?: () => void } = {},
): Promise<TestVehicle> {
  const received: ReceivedRequest[] = [];
  const listener: RequestListener = (message, reply) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const request = {
        method: message.method ?? '',
        url: message.url ?? '',
        headers: message.headers,
        body: Buffer.concat(chunks).toString(),
        port: message.socket.remotePort,
      };
      received.push(request);
      behaviour(request, reply);
    });
  };
  return listen(createServer(listener).on('connection', onConnection), received);
}

/** A vehicle that does as it likes with its sockets. The behaviour sees each piece that comes in. */
export async function startRawVehicle(behaviour: (socket: Socket, text: string) => void): Promise<TestVehicle> {
  const received: ReceivedRequest[] = [];
  const server = createRawServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const text = data.toString('latin1');
      const [method = '', url = ''] = text.split(' ', 2);
      received.push({ method, url, headers: {}, body: text, port: socket.remotePort });
      behaviour(socket, text);
    });
  });
  return listen(server, received);
}

/** Answers with JSON. */
export function json(reply: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

interface RememberingLog extends TaskLog {
  readonly lines: { readonly fields: LogFields; readonly message: string }[];
}

/** A log that remembers what it was told. */
export function aLog(): RememberingLog {
  const lines: { readonly fields: LogFields; readonly message: string }[] = [];
  const write = (fields: LogFields, message: string): void => void lines.push({ fields, message });
  const log: RememberingLog = {
    lines,
    error: write,
    warn: write,
    info: write,
    debug: write,
    withFields: () => log,
    addFields: () => undefined,
    sumFields: () => undefined,
  };
  return log;
}

/** A link with short pauses. */
export function aLink(options: Partial<HttpVehicleLinkOptions> = {}): HttpVehicleLink {
  return createHttpVehicleLink({
    version: '1.2.3',
    log: aLog(),
    credentialVault: testVault,
    addressPolicy: new AddressPolicy({ allowedNetworks: ['127.0.0.0/8'], blockedNetworks: [] }),
    pollIntervalMs: 5,
    maxPollIntervalMs: 20,
    ...options,
  });
}

/** Options of an exchange that nobody stops. */
export function someOptions(options: Partial<ExchangeOptions> = {}): ExchangeOptions {
  return {
    commandId: '0197d0c6-1f1e-7000-8000-000000000001',
    signal: new AbortController().signal,
    stop: new AbortController().signal,
    timeoutSeconds: 30,
    maxResponseBytes: 16 * 1024 * 1024,
    ...options,
  };
}

/** All answers to a request. */
export async function collect(
  link: HttpVehicleLink,
  target: VehicleTarget,
  request: SovdRequest,
  options: Partial<ExchangeOptions> = {},
): Promise<VehicleAnswer[]> {
  const answers: VehicleAnswer[] = [];
  for await (const answer of link.send(target, request, someOptions(options))) answers.push(answer);
  return answers;
}

/** What a promise rejects with. Fails when it doesn't. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
}

/** Waits until something is so. The test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function listen(server: Server, received: ReceivedRequest[]): Promise<TestVehicle> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    received,
    sockets,
    target: (path = '/sovd/v1') => ({ vehicleId: 'vehicle-1', baseUrl: origin + path }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
