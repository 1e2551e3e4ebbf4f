import { buildConnector } from 'undici';

import { guardedLookup, guardLiteralAddresses } from './guarded-connector.js';
import type { HttpVehicleLinkOptions, VehicleLinkSettings } from './link-settings.js';
import type { Connector } from './vehicle-connection.js';
import type { VehicleIdentity } from './vehicle-identity.js';

/** What decides how connections are made. */
export type ConnectorOptions = Pick<
  HttpVehicleLinkOptions,
  'certificateAuthorities' | 'addressPolicy' | 'lookup' | 'wrapConnector'
>;

/** Opens connections as somebody, to addresses that are allowed. */
export class Connectors {
  private readonly common: Connector;
  private readonly trusted: readonly string[] | undefined;

  constructor(
    private readonly settings: Pick<VehicleLinkSettings, 'connectTimeoutSeconds'>,
    private readonly options: ConnectorOptions,
  ) {
    const { certificateAuthorities } = options;
    this.trusted = certificateAuthorities === undefined ? undefined : [certificateAuthorities].flat();
    this.common = this.build(this.trusted === undefined ? {} : { ca: [...this.trusted] });
  }

  /** What opens the connections of an identity. */
  as(identity: VehicleIdentity): Connector {
    if (identity.revision === '') return this.common;
    return (options, callback) => {
      try {
        const secureContext = options.protocol === 'https:' ? identity.secureContext(this.trusted) : undefined;
        // A session that is resumed is one of whoever began it, so these aren't kept.
        const connect = secureContext === undefined ? this.common : this.build({ secureContext, maxCachedSessions: 0 });
        return connect(options, callback);
      } catch (error) {
        callback(error as Error, null);
        return undefined;
      }
    };
  }

  private build(secure: buildConnector.BuildOptions): Connector {
    const { addressPolicy, lookup, wrapConnector } = this.options;
    const connect = buildConnector({
      ...secure,
      timeout: this.settings.connectTimeoutSeconds * 1000,
      lookup: guardedLookup(addressPolicy, lookup),
    });
    return guardLiteralAddresses(addressPolicy, wrapConnector === undefined ? connect : wrapConnector(connect));
  }
}
