import { inspect } from 'node:util';

import { expect } from 'chai';

import { Secret } from '#config/secret.js';
import { SettingsError } from '#config/settings-error.js';
import { loadSettings, type Settings } from '#config/settings.js';
import type { Environment } from '#config/settings-reader.js';

const databaseUrl = 'postgres://fleet:canary-database@db.example.com:5432/fleet';
const redisUrl = 'rediss://fleet:canary-redis@redis.example.com:6380';
const jwtSecret = 'canary-jwt-0123456789-0123456789-0123456789';
/** 32 bytes in base64. */
const canaryKey = 'canaryCredentialsKey0123456789012345678901g=';
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  JWT_SECRET: jwtSecret,
  CREDENTIALS_KEYS: `new:${canaryKey}, old:${Buffer.alloc(32, 7).toString('hex')}`,
};

describe('loadSettings', () => {
  it('an empty environment: gives the defaults of development', () => {
    expect(plain(loadSettings({}))).to.deep.equal({
      environment: 'development',
      dataDirectory: '.data',
      server: {
        port: 8000,
        host: '127.0.0.1',
        trustProxyHops: 0,
        corsOrigins: [],
        maxBodyBytes: 1_048_576,
        requestTimeoutSeconds: 15,
        requestsPerMinute: { perUser: 6000, perAddress: 600 },
      },
      database: {
        kind: 'embedded',
        dataDirectory: '.data/postgres',
        pool: { max: 30, min: 0, acquireMillis: 5000, idleMillis: 10_000 },
        statementTimeoutMillis: 10_000,
        idleInTransactionTimeoutMillis: 30_000,
        migrateOnStart: true,
        preparesStatements: true,
      },
      redis: null,
      security: {
        jwt: { secret: { kind: 'generated', file: '.data/jwt-secret' }, algorithm: 'HS256', expirationMinutes: 15 },
        revocationsPollMillis: 2000,
        passwordHashConcurrency: 2,
        logins: { freeTries: 5, freeTriesPerAddress: 50, freeTriesPerAccount: 100, maxDelaySeconds: 900 },
      },
      dispatch: {
        concurrency: 100,
        leaseSeconds: 10,
        pollMillis: 1000,
        readsPerVehicle: 4,
        retryAttempts: 3,
        drainSeconds: 8,
      },
      credentials: { keys: { kind: 'generated', file: '.data/credentials-key' } },
      vehicleLink: {
        connectTimeoutSeconds: 5,
        maxResponseBytes: 16_777_216,
        maxResponses: 10_000,
        connectionsPerVehicle: 4,
        allowedNetworks: ['127.0.0.0/8', '::1/128'],
        blockedNetworks: [],
      },
      presence: { intervalSeconds: 60, concurrency: 20, timeoutSeconds: 5 },
      events: { heartbeatSeconds: 15, recheckSeconds: 5, maxStreamsPerUser: 500 },
      retention: { responsesDays: 90, commandsDays: 365, purgeIntervalSeconds: 600 },
      log: { level: 'info' },
    });
  });

  it('a production environment: gives what was set, and listens for everybody', () => {
    const settings = loadSettings(production);
    expect(settings.server.host).to.equal('0.0.0.0');
    expect(reveal(settings)).to.deep.equal([
      databaseUrl,
      redisUrl,
      jwtSecret,
      `new:${canaryKey}`,
      `old:${Buffer.alloc(32, 7).toString('base64')}`,
    ]);
    expect(settings.database.migrateOnStart).to.equal(false);
  });

  it('a development environment with DATABASE_URL: leaves the migration to whoever runs the database', () => {
    const { database } = loadSettings({ DATABASE_URL: databaseUrl });
    expect([database.kind, database.migrateOnStart]).to.deep.equal(['url', false]);
    expect(loadSettings({ DATABASE_URL: databaseUrl, MIGRATE_ON_START: 'true' }).database.migrateOnStart).to.equal(
      true,
    );
  });

  it('DATA_DIR: moves everything that the service makes for itself', () => {
    const { dataDirectory, database, security } = loadSettings({ DATA_DIR: '/var/lib/fleet' });
    expect(dataDirectory).to.equal('/var/lib/fleet');
    expect(database).to.include({ kind: 'embedded', dataDirectory: '/var/lib/fleet/postgres' });
    expect(security.jwt.secret).to.deep.equal({ kind: 'generated', file: '/var/lib/fleet/jwt-secret' });
  });

  it('three wrong variables: one error names all three and what they should be', () => {
    const error = refusal({ PORT: 'eighty', JWT_ALGORITHM: 'none', DATABASE_URL: 'mysql://root@localhost/fleet' });
    expect(error.complaints.map(({ variable }) => variable)).to.have.members(['PORT', 'JWT_ALGORITHM', 'DATABASE_URL']);
    expect(error.message)
      .to.contain('PORT must be a whole number from 0 to 65535')
      .and.to.contain('JWT_ALGORITHM must be one of HS256, HS384, HS512')
      .and.to.contain('DATABASE_URL must begin with postgres:// or postgresql://');
  });

  it('production without anything: asks for all that it requires at once', () => {
    const complaints = refusal({ NODE_ENV: 'production' }).complaints.map(({ variable }) => variable);
    expect(complaints).to.have.members(['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'CREDENTIALS_KEYS']);
  });

  it('RETENTION_*_DAYS: 0 keeps for ever, and commands are never kept shorter than responses', () => {
    const days = (responses: string, commands: string) => ({
      RETENTION_RESPONSES_DAYS: responses,
      RETENTION_COMMANDS_DAYS: commands,
    });
    const read = (responses: string, commands: string) => {
      const { responsesDays, commandsDays } = loadSettings(days(responses, commands)).retention;
      return [responsesDays, commandsDays];
    };
    expect(read('7', '7')).to.deep.equal([7, 7]);
    expect(read('7', '0')).to.deep.equal([7, null]);
    expect(read('0', '0')).to.deep.equal([null, null]);
    expect(refusal(days('91', '90')).message).to.contain(
      'RETENTION_COMMANDS_DAYS must not be below RETENTION_RESPONSES_DAYS: responses are kept for 91 days, and cannot be ' +
        'kept longer than their commands; raise it, or lower RETENTION_RESPONSES_DAYS to 90 at the most',
    );
    expect(refusal(days('0', '365')).message).to.contain('responses are kept for ever (0)');
    expect(refusal(days('-1', '365')).complaints.map(({ variable }) => variable)).to.deep.equal([
      'RETENTION_RESPONSES_DAYS',
    ]);
  });

  it('blank variables: count as absent', () => {
    expect(plain(loadSettings({ PORT: '', REDIS_URL: ' ', JWT_SECRET: '', DATABASE_URL: '' }))).to.deep.equal(
      plain(loadSettings({})),
    );
    expect(refusal({ ...production, JWT_SECRET: '  ' }).message).to.contain('JWT_SECRET is required in production');
  });

  it('networks of vehicles: are lists, and in production none is allowed by default', () => {
    const { vehicleLink } = loadSettings(production);
    expect([vehicleLink.allowedNetworks, vehicleLink.blockedNetworks]).to.deep.equal([[], []]);
    const given = loadSettings({
      ...production,
      VEHICLE_ALLOWED_NETWORKS: '127.0.0.1, fd00:20::/32',
      VEHICLE_BLOCKED_NETWORKS: '0.0.0.0/0,::/0',
    });
    expect(given.vehicleLink.allowedNetworks).to.deep.equal(['127.0.0.1', 'fd00:20::/32']);
    expect(given.vehicleLink.blockedNetworks).to.deep.equal(['0.0.0.0/0', '::/0']);
    for (const wrong of [
      '10.0.0.0/33',
      '10.0.0/8',
      'fe80::1%eth0',
      '::ffff:10.0.0.0/104',
      '127.1',
      'car',
      '10.0.0.0/8/8',
    ])
      expect(refusal({ VEHICLE_BLOCKED_NETWORKS: wrong }).message, wrong).to.contain(
        'VEHICLE_BLOCKED_NETWORKS must be',
      );
  });

  it('a wrong value: is not in the error', () => {
    const error = refusal({
      PORT: 'canary-port',
      DATABASE_URL: 'postgres:canary-database',
      REDIS_URL: 'http://canary-redis',
      JWT_SECRET: 'canary-short',
      CORS_ORIGINS: 'canary-origin',
    });
    expect(error.complaints).to.have.length(5);
    expect(inspect(error, { depth: null }) + JSON.stringify(error)).not.to.contain('canary');
  });

  it('printed settings: hold no secret', () => {
    const settings = loadSettings(production);
    const printed = [JSON.stringify(settings), inspect(settings, { depth: null, showHidden: true }), texts(settings)];
    expect(printed.join('\n')).not.to.contain('canary');
    expect(JSON.stringify(settings)).to.contain('[redacted]');
  });

  it('the result: is frozen all the way down', () => {
    const settings = loadSettings({ CORS_ORIGINS: 'https://app.example.com' });
    const objects = collectObjects(settings);
    expect(objects).to.have.length.above(10);
    expect(objects.filter((object) => !Object.isFrozen(object))).to.deep.equal([]);
  });
});

describe('loadSettings, variable by variable', () => {
  const accepted: readonly (readonly [string, Environment, (settings: Settings) => unknown, unknown])[] = [
    ['port 0', { PORT: '0' }, ({ server }) => server.port, 0],
    ['a host', { HOST: '::1' }, ({ server }) => server.host, '::1'],
    ['a proxy', { TRUST_PROXY: '2' }, ({ server }) => server.trustProxyHops, 2],
    [
      'origins',
      { CORS_ORIGINS: 'https://a.example, http://localhost:3000,' },
      ({ server }) => server.corsOrigins,
      ['https://a.example', 'http://localhost:3000'],
    ],
    ['postgresql://', { DATABASE_URL: 'postgresql://localhost/fleet' }, ({ database }) => database.kind, 'url'],
    ['a socket', { DATABASE_URL: 'postgres:///fleet?host=/run/pg' }, ({ database }) => database.kind, 'url'],
    ['a small pool', { DB_POOL_MAX: '2', DB_POOL_MIN: '2' }, ({ database }) => database.pool.max, 2],
    ['a flag', { MIGRATE_ON_START: '0' }, ({ database }) => database.migrateOnStart, false],
    ['an algorithm', { JWT_ALGORITHM: 'HS512' }, ({ security }) => security.jwt.algorithm, 'HS512'],
    ['an expiration', { JWT_EXPIRATION_MINUTES: '5' }, ({ security }) => security.jwt.expirationMinutes, 5],
    ['32 bytes', { JWT_SECRET: 'é'.repeat(16) }, ({ security }) => security.jwt.secret.kind, 'given'],
    ['a level', { LOG_LEVEL: 'debug' }, ({ log }) => log.level, 'debug'],
  ];
  for (const [name, environment, pick, expected] of accepted) {
    it(`${name}: is taken`, () => {
      expect(pick(loadSettings(environment))).to.deep.equal(expected);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['NODE_ENV', 'staging'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '8000a'],
    ['PORT', '1e3'],
    ['HOST', 'http://localhost'],
    ['TRUST_PROXY', 'true'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://a.example/'],
    ['CORS_ORIGINS', 'ftp://a.example'],
    ['DATABASE_URL', 'localhost:5432'],
    ['DATABASE_URL', 'sqlite://fleet.db'],
    ['DATABASE_URL', 'postgres://'],
    ['DATABASE_URL', 'postgres://user:pa/ss@host/db'],
    ['DB_POOL_MAX', '0'],
    ['DB_POOL_MIN', '31'],
    ['DB_STATEMENT_TIMEOUT_MS', '15000'],
    ['MIGRATE_ON_START', 'yes'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'redis://'],
    ['JWT_SECRET', 'x'.repeat(31)],
    ['JWT_ALGORITHM', 'RS256'],
    ['JWT_EXPIRATION_MINUTES', '0'],
    ['JWT_EXPIRATION_MINUTES', '1.5'],
    ['CREDENTIALS_KEYS', Buffer.alloc(32).toString('base64')],
    ['CREDENTIALS_KEYS', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['CREDENTIALS_KEYS', `k1:${Buffer.alloc(33).toString('hex')}`],
    ['CREDENTIALS_KEYS', `k1:${Buffer.alloc(32).toString('hex')},k1:${Buffer.alloc(32, 1).toString('hex')}`],
    ['CREDENTIALS_KEYS', `k 1:${Buffer.alloc(32).toString('hex')}`],
    ['DISPATCH_CONCURRENCY', '0'],
    ['LOG_LEVEL', 'verbose'],
  ];
  for (const [variable, value] of refused) {
    it(`${variable} of ${value}: is refused, and nothing else`, () => {
      expect(refusal({ [variable]: value }).complaints.map((complaint) => complaint.variable)).to.deep.equal([
        variable,
      ]);
    });
  }
});

function refusal(environment: Environment): SettingsError {
  try {
    loadSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

function plain(settings: Settings): unknown {
  return JSON.parse(JSON.stringify(settings));
}

function reveal({ database, redis, security, credentials }: Settings): readonly (string | undefined)[] {
  return [
    database.kind === 'url' ? database.url.reveal() : undefined,
    redis?.url.reveal(),
    security.jwt.secret.kind === 'given' ? security.jwt.secret.secret.reveal() : undefined,
    ...(credentials.keys.kind === 'given' ? credentials.keys.keys : []).map(
      ({ id, secret }) => `${id}:${secret.reveal()}`,
    ),
  ];
}

/** Each part of the settings as text, as string concatenation would show it. */
function texts(value: unknown): string {
  if (value instanceof Secret || typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(texts).join('\n');
}

function collectObjects(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(collectObjects)];
}
