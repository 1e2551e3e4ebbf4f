import type { EnvironmentName } from './environment-name.js';
import { Secret } from './secret.js';
import type { SettingsReader } from './settings-reader.js';

/** The Redis over which instances tell each other news. */
export interface RedisSettings {
  readonly url: Secret;
}

const example = 'redis://user:password@host:6379';

/** Reads where Redis is; null when there is none, and the service runs as one instance. */
export function readRedisSettings(reader: SettingsReader, environment: EnvironmentName): RedisSettings | null {
  const text = reader.text('REDIS_URL');
  if (text === undefined) {
    if (environment === 'production') reader.complain('REDIS_URL', `is required in production, such as ${example}`);
    return null;
  }
  if (!/^rediss?:\/\//iu.test(text) || !URL.canParse(text) || new URL(text).hostname === '') {
    reader.complain('REDIS_URL', `must be a redis:// or rediss:// URL, such as ${example}`);
    return null;
  }
  return { url: new Secret(text) };
}
