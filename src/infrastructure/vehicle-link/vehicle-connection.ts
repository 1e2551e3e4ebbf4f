import { Socket } from 'node:net';

import { Client, type buildConnector, type Dispatcher } from 'undici';

import type { VehicleLinkSettings } from './link-settings.js';

/** Opens sockets. undici's own connector gives the socket back at once, before it is connected. */
export type Connector = (options: buildConnector.Options, callback: buildConnector.Callback) => unknown;

/**
 * One connection to a vehicle, with at most one request on it. undici sends a request again only when requests stand
 * behind one another on a connection, which never happens here.
 *
 * fresh → in use ⇄ idle, and from each of them → destroyed. The socket is opened by the first request, and again by a
 * later one when the vehicle has closed it in between.
 */
export class VehicleConnection {
  private readonly client: Client;
  private socket: Socket | undefined;

  constructor(
    origin: string,
    settings: VehicleLinkSettings,
    connect: Connector,
    private readonly returnTo: (connection: VehicleConnection, isReusable: boolean) => void,
  ) {
    this.client = new Client(origin, {
      connect: (options, callback) => {
        const socket = connect(options, callback);
        this.socket = socket instanceof Socket ? socket : undefined;
      },
      pipelining: 1,
      headersTimeout: settings.answerTimeoutSeconds * 1000,
      bodyTimeout: settings.answerTimeoutSeconds * 1000,
      keepAliveTimeout: settings.idleConnectionSeconds * 1000,
    });
  }

  /** Sends a request. Errors go to the handler. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.client.dispatch(options, handler);
  }

  /**
   * The socket was reset. undici takes a reset at the end of a body without a length for a proper end; so does the
   * system when the reset comes together with the last bytes, and nobody can tell then.
   */
  get isReset(): boolean {
    return (this.socket?.errored ?? undefined) !== undefined;
  }

  /** Tells when the vehicle or a timer closes the socket. */
  onDisconnect(listener: () => void): void {
    this.client.on('disconnect', listener);
  }

  /** Gives the connection back to where it came from. A reusable one has received its answer to the last byte. */
  release(isReusable: boolean): void {
    this.returnTo(this, isReusable);
  }

  /** Closes the socket at once, also one that is not connected yet. Resolves when it is closed. Idempotent. */
  async destroy(): Promise<void> {
    const closed = this.client.destroy();
    this.socket?.destroy();
    await closed;
  }
}
