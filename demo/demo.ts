import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { ApiClient, type Vehicle } from './api-client.js';
import { startDatabase, type DemoDatabase } from './database.js';
import { demoHost, freePort } from './free-port.js';
import { sayNextSteps, type Account } from './next-steps.js';
import { Programs, type Program } from './programs.js';
import { SimulatedVehicles } from './simulated-vehicles.js';
import { readFaults } from './story.js';
import { say, step } from './terminal.js';

const preferredPort = 8000;
const readyTimeoutMs = 60_000;
const pollMs = 50;
const maxAttempts = 3;
const repository = path.resolve(import.meta.dirname, '../..');
const directory = path.join(repository, '.data', 'demo');
const admin: Account = { username: 'admin', password: randomBytes(12).toString('base64url') };
const engineer: Account = { username: 'engineer', password: randomBytes(12).toString('base64url') };

interface Service {
  readonly api: ApiClient;
  readonly port: number;
  readonly logFile: string;
}

/** One run of the demo: what it starts, what it tells, and the end of all of it. */
export class Demo {
  readonly #programs = new Programs(directory);
  #database: Promise<DemoDatabase> | undefined;
  #service: Service | undefined;
  #vehicles: readonly Vehicle[] = [];
  #isServing = false;

  /** Whether the story is told and the service goes on. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** Starts everything and carries out one command. Throws, in words, when anything fails. */
  async tell(): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    say('sovd-fleet: diagnostics on a fleet of vehicles');
    say();
    this.#database = startDatabase(directory);
    const database = await step(
      () => this.#database ?? startDatabase(directory),
      ({ version }) => `PostgreSQL ${version} out of npm, with an empty database`,
    );
    await step(
      () => this.#prepareDatabase(database.url),
      () => 'its schema, and the account of an admin',
    );
    const simulator = await step(
      () => this.#startVehicles(),
      ({ controlUrl }) => `two simulated vehicles, at ${new URL(controlUrl).origin}`,
    );
    const { api, port } = await step(
      () => this.#startService(database.url),
      ({ api: { url } }) => `the service, at ${url}`,
    );
    if (port !== preferredPort) say(`      (port ${preferredPort} is taken, so it has another one)`);
    const vehicles = await step(
      () => this.#registerVehicles(api, simulator),
      ({ length }) => `${length} vehicles registered over the API`,
    );
    for (const { vin, make, model, model_year: year } of vehicles) say(`      ${vin}  ${make} ${model} (${year})`);
    say('      and an account for an engineer, who is a member of their fleet');
    say();
    const [vehicle] = vehicles;
    if (vehicle === undefined) throw new Error('The simulator has no vehicles.');
    await api.addEngineer(engineer.username, engineer.password, vehicle.fleet_id);
    await api.logIn(engineer.username, engineer.password);
    await readFaults(api, vehicle, simulator);
    this.#isServing = true;
  }

  /** Prints what can be tried now. */
  sayNextSteps(): void {
    if (this.#service === undefined) return;
    const { api, logFile } = this.#service;
    const shownLog = path.relative(repository, logFile);
    sayNextSteps({ url: api.url, vehicles: this.#vehicles, accounts: [admin, engineer], logFile: shownLog });
  }

  /** Never resolves; throws when a program ends that should go on. */
  async unexpectedEnd(): Promise<never> {
    throw await this.#programs.unexpectedEnd();
  }

  /** Stops everything, the last thing first, and waits for it. */
  async stop(): Promise<void> {
    await this.#programs.stopAll();
    const database = await this.#database?.catch(() => undefined);
    await database?.stop();
  }

  async #prepareDatabase(databaseUrl: string): Promise<void> {
    const variables = serviceVariables(databaseUrl);
    const logFile = path.join(directory, 'preparation.log');
    await this.#programs.run({ name: 'the migration', script: script('src/migrate.js'), variables, logFile });
    const { username, password } = admin;
    await this.#programs.run({
      name: 'create-admin',
      script: script('src/create-admin.js'),
      args: ['--username', username, '--email', `${username}@demo.example`],
      variables: { ...variables, ADMIN_PASSWORD: password },
      logFile,
    });
  }

  async #startVehicles(): Promise<SimulatedVehicles> {
    const program = this.#programs.start({
      name: 'the simulator',
      script: script('simulator/main.js'),
      args: ['--host', demoHost, '--port', '0', '--vehicles', '2'],
      logFile: path.join(directory, 'simulator.log'),
    });
    const deadline = performance.now() + readyTimeoutMs;
    while (program.isRunning && performance.now() < deadline) {
      const controlUrl = /^Control endpoint: (\S+)$/mu.exec(await program.output())?.[1];
      if (controlUrl !== undefined) return new SimulatedVehicles(controlUrl);
      await sleep(pollMs);
    }
    throw await program.failure('did not start');
  }

  async #startService(databaseUrl: string): Promise<Service> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort(preferredPort);
      const logFile = path.join(directory, port === preferredPort ? 'service.log' : `service-${port}.log`);
      const api = new ApiClient(`http://${demoHost}:${port}`);
      const program = this.#programs.start({
        name: 'the service',
        script: script('src/main.js'),
        variables: { ...serviceVariables(databaseUrl), PORT: String(port), HOST: demoHost },
        logFile,
      });
      if ((await isReady(program, api.url)) && (await isOurs(program, api))) {
        this.#service = { api, port, logFile };
        return this.#service;
      }
      // Somebody else may have been faster to take the port.
      const portWasLost = (await program.output()).includes('EADDRINUSE');
      const failure = await program.failure('did not start');
      await this.#programs.stop(program);
      if (!portWasLost || attempt === maxAttempts) throw failure;
    }
  }

  async #registerVehicles(api: ApiClient, simulator: SimulatedVehicles): Promise<readonly Vehicle[]> {
    const vehicles: Vehicle[] = [];
    for (const description of await simulator.list()) vehicles.push(await api.registerVehicle(description));
    this.#vehicles = vehicles;
    return vehicles;
  }
}

function script(file: string): string {
  return path.join(repository, 'dist', file);
}

function serviceVariables(databaseUrl: string): Readonly<Record<string, string>> {
  return { NODE_ENV: 'development', DATABASE_URL: databaseUrl, DATA_DIR: directory };
}

async function isReady(program: Program, url: string): Promise<boolean> {
  const deadline = performance.now() + readyTimeoutMs;
  while (program.isRunning && performance.now() < deadline) {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.ok === true) return true;
    await sleep(pollMs);
  }
  return false;
}

/** Another service may answer on the port while ours is about to find it taken; only ours knows the account. */
async function isOurs(program: Program, api: ApiClient): Promise<boolean> {
  try {
    await api.logIn(admin.username, admin.password);
    return true;
  } catch (error) {
    for (let waitedMs = 0; program.isRunning && waitedMs < 5000; waitedMs += pollMs) await sleep(pollMs);
    if (program.isRunning) throw error;
    return false;
  }
}
