import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that answers every request of SOVD with an empty object, and remembers them. */
export interface Car {
  readonly baseUrl: string;
  /** Method and path of each request. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts a car on a port, or on any free one. A mute one takes requests and never answers. */
export async function startCar(options: { readonly port?: number; readonly isMute?: boolean } = {}): Promise<Car> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (options.isMute !== true) response.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/sovd/v1`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
