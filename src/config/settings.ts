import { readCredentialSettings, type CredentialSettings } from './credential-settings.js';
import { readDatabaseSettings, type DatabaseSettings } from './database-settings.js';
import { readDispatchSettings, type DispatchSettings } from './dispatch-settings.js';
import { environmentNames, type EnvironmentName } from './environment-name.js';
import { readEventSettings, type EventSettings } from './event-settings.js';
import { readLogSettings, type LogSettings } from './log-settings.js';
import { readPresenceSettings, type PresenceSettings } from './presence-settings.js';
import { readRedisSettings, type RedisSettings } from './redis-settings.js';
import { readRetentionSettings, type RetentionSettings } from './retention-settings.js';
import { readSecuritySettings, type SecuritySettings } from './security-settings.js';
import { readServerSettings, type ServerSettings } from './server-settings.js';
import { SettingsReader, type Environment } from './settings-reader.js';
import { readVehicleLinkSettings, type VehicleLinkSettings } from './vehicle-link-settings.js';

/** Everything that can be set, checked and frozen. What isn't there is null or another kind, never half filled. */
export interface Settings {
  readonly environment: EnvironmentName;
  /** Where the service keeps what it makes for itself outside production, seen from the working directory. */
  readonly dataDirectory: string;
  readonly server: ServerSettings;
  readonly database: DatabaseSettings;
  /** Null: this is the only instance. */
  readonly redis: RedisSettings | null;
  readonly security: SecuritySettings;
  readonly dispatch: DispatchSettings;
  readonly credentials: CredentialSettings;
  readonly vehicleLink: VehicleLinkSettings;
  readonly presence: PresenceSettings;
  readonly events: EventSettings;
  readonly retention: RetentionSettings;
  readonly log: LogSettings;
}

/** The settings that an environment stands for. Throws one `SettingsError` that names every bad variable. Touches nothing. */
export function loadSettings(variables: Environment): Settings {
  const reader = new SettingsReader(variables);
  const environment = reader.choice('NODE_ENV', environmentNames, 'development');
  const dataDirectory = reader.text('DATA_DIR') ?? '.data';
  const settings: Settings = {
    environment,
    dataDirectory,
    server: readServerSettings(reader, environment),
    database: readDatabaseSettings(reader, environment, dataDirectory),
    redis: readRedisSettings(reader, environment),
    security: readSecuritySettings(reader, environment, dataDirectory),
    dispatch: readDispatchSettings(reader),
    credentials: readCredentialSettings(reader, environment, dataDirectory),
    vehicleLink: readVehicleLinkSettings(reader, environment),
    presence: readPresenceSettings(reader),
    events: readEventSettings(reader),
    retention: readRetentionSettings(reader),
    log: readLogSettings(reader),
  };
  compareTimeouts(reader, settings);
  reader.finish();
  return freezeDeep(settings);
}

function compareTimeouts(reader: SettingsReader, { server, database }: Settings): void {
  if (reader.hasComplaint('DB_STATEMENT_TIMEOUT_MS', 'REQUEST_TIMEOUT_SECONDS')) return;
  if (database.statementTimeoutMillis < server.requestTimeoutSeconds * 1000) return;
  reader.complain(
    'DB_STATEMENT_TIMEOUT_MS',
    'must be below REQUEST_TIMEOUT_SECONDS, so that a slow query can be answered',
  );
}

function freezeDeep<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) freezeDeep(part);
  }
  return Object.freeze(value);
}
