import { createRequire } from 'node:module';

import { exportAuditTrail } from '#application/audit/export-audit-trail.js';
import { recordRefusal } from '#application/audit/record-refusal.js';
import { createCatalogue } from '#application/catalogue/catalogue.js';
import { cancelCommand } from '#application/commands/cancel-command.js';
import { followCommand } from '#application/commands/follow-command.js';
import { settleCommand } from '#application/commands/settle-command.js';
import { showCommandStatistics } from '#application/commands/show-command-statistics.js';
import { submitCommand } from '#application/commands/submit-command.js';
import { waitForCommand } from '#application/commands/wait-for-command.js';
import { Dispatcher } from '#application/dispatch/dispatcher.js';
import { createFleet } from '#application/fleets/create-fleet.js';
import { removeMember } from '#application/fleets/remove-member.js';
import { renameFleet } from '#application/fleets/rename-fleet.js';
import { setMember } from '#application/fleets/set-member.js';
import type { Clock } from '#application/ports/clock.js';
import type { Log } from '#application/ports/log.js';
import type { LoginThrottle } from '#application/ports/login-throttle.js';
import type { Measurements } from '#application/ports/measurements.js';
import { PresenceProbe } from '#application/presence/presence-probe.js';
import { probeVehicle } from '#application/presence/probe-vehicle.js';
import { announceStep } from '#application/record/announce-step.js';
import { auditAct } from '#application/record/audit-act.js';
import { PeriodicPurge, type Purge } from '#application/retention/periodic-purge.js';
import { endSession } from '#application/sessions/end-session.js';
import { logIn } from '#application/sessions/log-in.js';
import { logOut } from '#application/sessions/log-out.js';
import { refreshSession } from '#application/sessions/refresh-session.js';
import { changePassword } from '#application/users/change-password.js';
import { changeUser } from '#application/users/change-user.js';
import { createUser } from '#application/users/create-user.js';
import { changeVehicle } from '#application/vehicles/change-vehicle.js';
import { exportVehicles } from '#application/vehicles/export-vehicles.js';
import { importVehicles } from '#application/vehicles/import-vehicles.js';
import { registerVehicle } from '#application/vehicles/register-vehicle.js';
import { removeVehicleCredentials } from '#application/vehicles/remove-vehicle-credentials.js';
import { retireVehicle } from '#application/vehicles/retire-vehicle.js';
import { minPasswordLength } from '#application/domain/password-rules.js';
import type { CommandEvents } from '#application/ports/command-events.js';
import type { RevocationEvents } from '#application/ports/revocation-events.js';
import { setVehicleCredentials } from '#application/vehicles/set-vehicle-credentials.js';
import { obtainCredentialKeys } from '#config/credential-keys.js';
import { obtainJwtSecret } from '#config/jwt-secret.js';
import type { Settings } from '#config/settings.js';
import { createApp } from '#http/app.js';
import { expressMessages } from '#http/express-messages.js';
import { OpenStreams } from '#http/open-streams.js';
import { accountRoutes } from '#http/routes/account-routes.js';
import { auditRoutes } from '#http/routes/audit-routes.js';
import { commandRoutes } from '#http/routes/command-routes.js';
import { commandTypeRoutes } from '#http/routes/command-type-routes.js';
import { runCheck, type MetricsPage, type ReadinessCheck } from '#http/routes/operation-routes.js';
import { sessionRoutes } from '#http/routes/session-routes.js';
import { userRoutes } from '#http/routes/user-routes.js';
import { vehicleCredentialRoutes } from '#http/routes/vehicle-credential-routes.js';
import { fleetRoutes } from '#http/routes/fleet-routes.js';
import { vehicleFileRoutes } from '#http/routes/vehicle-file-routes.js';
import { vehicleRoutes } from '#http/routes/vehicle-routes.js';
import { statisticsRoutes } from '#http/routes/statistics-routes.js';
import { listen, type HttpServer } from '#http/server.js';
import { poolState, type PoolState } from '#infrastructure/database/pool-state.js';
import { readQueueState } from '#infrastructure/database/commands/queue-state.js';
import { pendingMigrations } from '#infrastructure/database/migrate.js';
import { openDatabase } from '#infrastructure/database/open-database.js';
import { PostgresDispatchSignals } from '#infrastructure/database/postgres-dispatch-signals.js';
import { SequelizeUnitsOfWork } from '#infrastructure/database/sequelize-units-of-work.js';
import { InProcessCommandEvents } from '#infrastructure/events/in-process-command-events.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import type { Observations } from '#infrastructure/observability/observations.js';
import { createPrometheusMeasurements } from '#infrastructure/observability/prometheus-measurements.js';
import { recentValue } from '#infrastructure/observability/recent-value.js';
import { openCredentialVault } from '#infrastructure/security/aes-gcm-credential-vault.js';
import { createArgon2PasswordHasher } from '#infrastructure/security/argon2-password-hasher.js';
import { createCommonPasswords } from '#infrastructure/security/common-passwords.js';
import { createJwtAccessTokens } from '#infrastructure/security/jwt-access-tokens.js';
import { createLoginThrottle } from '#infrastructure/security/login-throttle.js';
import { opaqueRefreshTokens } from '#infrastructure/security/opaque-refresh-tokens.js';
import { ownLoginLedger } from '#infrastructure/security/own-login-ledger.js';
import { createRequestCounts } from '#infrastructure/security/request-counts.js';
import { WatchedRevocations } from '#infrastructure/security/watched-revocations.js';
import { x509ClientCertificates } from '#infrastructure/security/x509-client-certificates.js';
import { collectYoungObjects, systemClock, uuidV7Identifiers } from '#infrastructure/system.js';
import { AddressPolicy } from '#infrastructure/vehicle-link/address-policy.js';
import { createHttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';
import { measuredVehicleLink } from '#infrastructure/vehicle-link/measured-vehicle-link.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };

/** What a test may put in the place of the real thing. */
export interface Overrides {
  readonly log?: Log;
  readonly clock?: Clock;
}

/** The service, put together but not started. */
export interface Program {
  /** Starts everything and listens. */
  readonly start: () => Promise<{ readonly port: number }>;
  /** Stops in reverse order: no new work, what runs may end, then all connections. Idempotent. */
  readonly stop: () => Promise<void>;
  readonly pool: () => PoolState;
}

/** For how long after its time the answer to a change may still settle its command. */
const lateAnswerSeconds = 300;

/** The one place where adapters meet ports. */
export async function compose(settings: Settings, overrides: Overrides = {}): Promise<Program> {
  const infrastructure = await composeInfrastructure(settings, overrides);
  const useCases = composeUseCases(settings, infrastructure);
  let server: HttpServer | undefined;
  const http = composeHttp(settings, infrastructure, useCases, () => server?.connections() ?? 0);
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    const { database, dispatchSignals, commandEvents, accessRevocations, loginThrottle, vehicleLink, probeLink } =
      infrastructure;
    const drainMillis = settings.dispatch.drainSeconds * 1000;
    http.streams.close();
    await Promise.all([
      server?.close(drainMillis),
      useCases.dispatcher.stop(drainMillis),
      useCases.purge.stop(),
      useCases.presenceProbe?.stop(),
    ]);
    await Promise.all([vehicleLink.close(), probeLink.close()]);
    await accessRevocations.stop();
    await dispatchSignals.close();
    await Promise.all([commandEvents.close(), loginThrottle.close()]);
    await database.close();
  }

  return {
    start: async () => {
      await Promise.all([infrastructure.dispatchSignals.start(), infrastructure.accessRevocations.start()]);
      useCases.dispatcher.start();
      useCases.purge.start();
      useCases.presenceProbe?.start();
      server = await listen(http.app, { ...settings.server, messages: expressMessages(http.app) });
      return { port: server.port };
    },
    stop: () => (stopped ??= stop()),
    pool: () => poolState(infrastructure.database.sequelize),
  };
}

type Infrastructure = Awaited<ReturnType<typeof composeInfrastructure>>;

async function composeInfrastructure(settings: Settings, overrides: Overrides) {
  const log = overrides.log ?? createBunyanLog({ level: settings.log.level });
  const clock = overrides.clock ?? systemClock;
  const secret = await obtainJwtSecret(settings.security.jwt.secret);
  const database = await openDatabase(settings.database, log);
  const measurements = createPrometheusMeasurements();
  const instance = uuidV7Identifiers.next();
  const credentialVault = openCredentialVault(await obtainCredentialKeys(settings.credentials.keys));
  const vehicleAddresses = new AddressPolicy(settings.vehicleLink);
  const linkParts = { addressPolicy: vehicleAddresses, credentialVault, version, log };
  const link = createHttpVehicleLink({ ...settings.vehicleLink, ...linkParts });
  const probeLink = createHttpVehicleLink({ ...settings.vehicleLink, ...probeLinkSettings(settings), ...linkParts });
  const units = new SequelizeUnitsOfWork(database.sequelize, log, { ...settings.database, measurements });
  const commandEvents = await openCommandEvents(settings, log);
  return {
    log,
    clock,
    instance,
    database,
    identifiers: uuidV7Identifiers,
    units,
    dispatchSignals: new PostgresDispatchSignals(database.url, instance, log),
    commandEvents,
    vehicleAddresses,
    link,
    probeLink,
    vehicleLink: measuredVehicleLink(link, measurements),
    accessRevocations: new WatchedRevocations({
      readRecent: (seconds) => units.withUnit('read', (work) => work.sessions.listRevocations(seconds)),
      events: commandEvents,
      clock,
      log,
      tokenMinutes: settings.security.jwt.expirationMinutes,
      pollMillis: settings.security.revocationsPollMillis,
    }),
    credentialVault,
    clientCertificates: x509ClientCertificates,
    passwordHasher: createArgon2PasswordHasher({ concurrency: settings.security.passwordHashConcurrency }),
    knownPasswords: createCommonPasswords({ minLength: minPasswordLength }),
    accessTokens: createJwtAccessTokens({ ...settings.security.jwt, secret }),
    refreshTokens: opaqueRefreshTokens,
    measurements,
    loginThrottle: await openLoginThrottle(settings, log, measurements),
  };
}

async function openLoginThrottle(settings: Settings, log: Log, measurements: Measurements): Promise<LoginThrottle> {
  const { redis, security } = settings;
  const own = ownLoginLedger();
  const options = { limits: security.logins, own, measurements, log };
  if (redis === null) return createLoginThrottle({ ...options, shared: undefined });
  const { RedisLink } = await import('#infrastructure/events/redis-link.js');
  const { redisLoginLedger } = await import('#infrastructure/security/redis-login-ledger.js');
  const link = new RedisLink({ url: redis.url, log, purpose: 'logins', onReady: () => undefined });
  const shared = { ledger: redisLoginLedger(link.client), close: () => link.close() };
  return createLoginThrottle({ ...options, shared });
}

/** A link apart from that of the commands: one connection to a vehicle, none kept, and time left to answer on it. */
function probeLinkSettings({ vehicleLink, presence }: Settings) {
  const connectTimeoutSeconds = Math.min(vehicleLink.connectTimeoutSeconds, presence.timeoutSeconds / 2);
  return { connectTimeoutSeconds, connectionsPerVehicle: 1, maxPooledVehicles: 0 };
}

async function openCommandEvents({ redis }: Settings, log: Log): Promise<CommandEvents & RevocationEvents> {
  if (redis === null) return new InProcessCommandEvents({ log });
  // A service without Redis needn't hold its client in memory.
  const { RedisCommandEvents } = await import('#infrastructure/events/redis-command-events.js');
  return new RedisCommandEvents({ url: redis.url, log });
}

type UseCases = ReturnType<typeof composeUseCases>;

function composeUseCases(settings: Settings, infrastructure: Infrastructure) {
  const catalogue = createCatalogue();
  const audit = auditAct(infrastructure);
  const announce = announceStep(infrastructure);
  const shared = { ...infrastructure, catalogue, audit, announce };
  const dispatcher = new Dispatcher({
    ...shared,
    ...settings.dispatch,
    maxResponses: settings.vehicleLink.maxResponses,
    maxResponseBytes: settings.vehicleLink.maxResponseBytes,
    lateAnswerSeconds,
    // Its own tries are counted apart from the first.
    retryAttempts: settings.dispatch.retryAttempts - 1,
    chance: Math.random,
  });
  return {
    catalogue,
    dispatcher,
    purge: composePurge(settings, infrastructure),
    presenceProbe: composePresenceProbe(settings, infrastructure),
    logIn: logIn(shared),
    refreshSession: refreshSession(shared),
    logOut: logOut(shared),
    endSession: endSession(shared),
    changePassword: changePassword(shared),
    createUser: createUser(shared),
    changeUser: changeUser(shared),
    createFleet: createFleet(shared),
    renameFleet: renameFleet(shared),
    setMember: setMember(shared),
    removeMember: removeMember(shared),
    registerVehicle: registerVehicle(shared),
    changeVehicle: changeVehicle(shared),
    retireVehicle: retireVehicle(shared),
    setVehicleCredentials: setVehicleCredentials(shared),
    removeVehicleCredentials: removeVehicleCredentials(shared),
    submitCommand: submitCommand({ ...shared, startingPlaces: dispatcher }),
    cancelCommand: cancelCommand(shared),
    settleCommand: settleCommand(shared),
    showCommandStatistics: showCommandStatistics(shared),
    waitForCommand: waitForCommand(shared),
    followCommand: followCommand({
      ...shared,
      runningCommands: dispatcher,
      recheckSeconds: settings.events.recheckSeconds,
    }),
    recordRefusal: recordRefusal(shared),
    exportAuditTrail: exportAuditTrail(shared),
    exportVehicles: exportVehicles(shared),
    importVehicles: importVehicles(shared),
  };
}

function composePurge({ retention }: Settings, infrastructure: Infrastructure): PeriodicPurge {
  const { units } = infrastructure;
  const { responsesDays, commandsDays, purgeIntervalSeconds } = retention;
  const purges: Purge[] = [
    {
      name: 'sessions',
      deleteSome: (limit) => units.withUnit('write', (work) => work.sessions.purgeExpired(limit)),
    },
  ];
  if (responsesDays !== null) {
    const deleteSome: Purge['deleteSome'] = (limit) =>
      units.withUnit('write', (work) => work.commandPurge.purgeResponses(responsesDays, limit));
    purges.push({ name: 'responses', deleteSome });
  }
  // After the responses: only what has none any more can go.
  if (commandsDays !== null) {
    const deleteSome: Purge['deleteSome'] = (limit) =>
      units.withUnit('write', (work) => work.commandPurge.purgeCommands(commandsDays, limit));
    purges.push({ name: 'commands', deleteSome });
  }
  return new PeriodicPurge({ ...infrastructure, purges, intervalSeconds: purgeIntervalSeconds });
}

function composePresenceProbe({ presence }: Settings, infrastructure: Infrastructure): PresenceProbe | undefined {
  if (presence.intervalSeconds === 0) return undefined;
  const { probeLink: vehicleLink } = infrastructure;
  return new PresenceProbe({
    ...infrastructure,
    ...presence,
    probeVehicle: probeVehicle({ ...infrastructure, ...presence, vehicleLink }),
    chance: Math.random,
  });
}

function composeHttp(
  settings: Settings,
  infrastructure: Infrastructure,
  useCases: UseCases,
  httpConnections: () => number,
) {
  const { units, log, clock, accessTokens, accessRevocations, measurements } = infrastructure;
  const checks = readinessChecks(settings, infrastructure);
  const streams = new OpenStreams({
    ...settings.events,
    isSessionAlive: (sessionId) => units.withUnit('read', (work) => work.sessions.isFamilyAlive(sessionId)),
    accessRevocations,
    now: () => clock.now(),
    log,
  });
  const app = createApp({
    endpoints: [
      ...accountRoutes({ ...useCases, clock }),
      ...sessionRoutes(useCases),
      ...userRoutes(useCases),
      ...fleetRoutes(useCases),
      ...vehicleFileRoutes(useCases),
      ...vehicleRoutes(useCases),
      ...vehicleCredentialRoutes(useCases),
      ...commandTypeRoutes(useCases.catalogue),
      ...commandRoutes(useCases),
      ...statisticsRoutes(useCases),
      ...auditRoutes(useCases),
    ],
    ...settings.server,
    requestLimits: createRequestCounts(settings.server.requestsPerMinute),
    recordRefusal: useCases.recordRefusal,
    accessTokens: accessTokens.verification,
    checks,
    metrics: metricsPage(settings, infrastructure, { checks, streams, httpConnections }),
    measurements,
    accessRevocations,
    units,
    streams,
    collectYoungObjects,
    log,
    clock,
    version,
  });
  return { app, streams };
}

/** For how long what is asked of the database and of Redis is good, and how long a scrape waits for it. */
const observation = { maxAgeMillis: 5000, timeoutMillis: 1000 };

function metricsPage(
  settings: Settings,
  { database, link, log, clock, measurements }: Infrastructure,
  http: {
    readonly checks: readonly ReadinessCheck[];
    readonly streams: OpenStreams;
    readonly httpConnections: () => number;
  },
): MetricsPage {
  const onFailure = (error: unknown): void => {
    log.warn({ err: error }, 'a figure for the metrics could not be read');
  };
  const queue = recentValue({ ...observation, onFailure, read: () => readQueueState(database.sequelize) });
  const health = recentValue({
    ...observation,
    onFailure,
    read: async () => {
      const results = await Promise.all(http.checks.map((check) => runCheck(check, clock, log)));
      const failed = results.filter(({ status }) => status === 'failed').map(({ name }) => name);
      return { isReady: failed.length === 0, isRedisConnected: !failed.includes('redis') };
    },
  });
  const observe = async (): Promise<Observations> => {
    const [queueNow, healthNow] = await Promise.all([queue(), health()]);
    return {
      pool: poolState(database.sequelize),
      poolMaximum: settings.database.pool.max,
      openStreams: http.streams.count,
      httpConnections: http.httpConnections(),
      vehicleConnections: link.usage.connections,
      health: healthNow ?? { isReady: false, isRedisConnected: false },
      queue: queueNow,
    };
  };
  return {
    contentType: measurements.contentType,
    text: async () => measurements.expose(await observe()),
  };
}

function readinessChecks(
  settings: Settings,
  { database, accessRevocations, commandEvents: events }: Infrastructure,
): readonly ReadinessCheck[] {
  const checks: ReadinessCheck[] = [
    {
      name: 'database',
      run: async () => {
        const pending = await pendingMigrations(database.sequelize);
        if (pending.length > 0) throw new Error(`migrations are missing: ${pending.join(', ')}`);
        if (!accessRevocations.isReady) throw new Error('which sessions have ended was not read yet');
      },
    },
  ];
  if (settings.redis === null) return checks;
  const run = async (): Promise<void> => {
    if (!(await events.isConnected())) throw new Error('Redis cannot be reached');
  };
  return [...checks, { name: 'redis', run }];
}
