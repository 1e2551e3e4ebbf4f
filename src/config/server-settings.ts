import type { EnvironmentName } from './environment-name.js';
import type { SettingsReader } from './settings-reader.js';

/** The HTTP server. */
export interface ServerSettings {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** How many proxies in front of the service may be believed about the address of the client. */
  readonly trustProxyHops: number;
  /** Origins whose pages may call the API from a browser. */
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  /** How long a request may take that doesn't wait on purpose. */
  readonly requestTimeoutSeconds: number;
  /** How many requests one instance takes in a minute. */
  readonly requestsPerMinute: { readonly perUser: number; readonly perAddress: number };
}

const requests = { minimum: 1, maximum: 1_000_000_000 };

/** Reads the server's settings. Outside production it listens for this machine alone. */
export function readServerSettings(reader: SettingsReader, environment: EnvironmentName): ServerSettings {
  return {
    port: reader.wholeNumber('PORT', { fallback: 8000, minimum: 0, maximum: 65_535 }),
    host: readHost(reader) ?? (environment === 'production' ? '0.0.0.0' : '127.0.0.1'),
    trustProxyHops: reader.wholeNumber('TRUST_PROXY', { fallback: 0, minimum: 0, maximum: 10 }),
    corsOrigins: reader.list(
      'CORS_ORIGINS',
      'a list of origins with commas between them, such as https://app.example.com,https://example.org:8443',
      isOrigin,
    ),
    maxBodyBytes: reader.wholeNumber('MAX_BODY_BYTES', { fallback: 1_048_576, minimum: 1024, maximum: 104_857_600 }),
    requestTimeoutSeconds: reader.wholeNumber('REQUEST_TIMEOUT_SECONDS', { fallback: 15, minimum: 1, maximum: 300 }),
    requestsPerMinute: {
      perUser: reader.wholeNumber('REQUESTS_PER_MINUTE_PER_USER', { fallback: 6000, ...requests }),
      perAddress: reader.wholeNumber('REQUESTS_PER_MINUTE_PER_ADDRESS', { fallback: 600, ...requests }),
    },
  };
}

function readHost(reader: SettingsReader): string | undefined {
  const host = reader.text('HOST');
  if (host === undefined || /^[A-Za-z0-9.:_%-]+$/u.test(host)) return host;
  reader.complain('HOST', 'must be a host name or an IP address, such as 127.0.0.1');
  return undefined;
}

/** An origin as browsers send it (RFC 6454 section 6.2): scheme, host and port, without a path. */
function isOrigin(text: string): boolean {
  return /^https?:/u.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
