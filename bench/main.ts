import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';

import { Client } from 'pg';

import { startEmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';
import { migrateUp } from '#infrastructure/database/migrate.js';

import { acceptedMarkdown, measureAccepted } from './accepted.js';
import { contenderNames, contenderVariables, isVariant, logIn, silentVehicle, startService } from './contenders.js';
import { Processes } from './processes.js';
import { fullSize, quickSize, seed } from './seed.js';
import { measureSideBySide, type Effort } from './side-by-side.js';
import { sideBySideMarkdown, summarise } from './side-by-side-report.js';
import { measureStreams, streamsMarkdown } from './streams.js';

// node dist/bench/main.js [--quick] [--log-level=info]

const isQuick = process.argv.includes('--quick');
const logLevel = process.argv.find((argument) => argument.startsWith('--log-level='))?.slice(12) ?? 'warn';
const effort: Effort = isQuick
  ? {
      rounds: 2,
      secondsPerLoad: 0.4,
      warmUpSeconds: 0.3,
      contenders: contenderNames.filter((name) => !isVariant(name)),
    }
  : { rounds: 5, secondsPerLoad: 3, warmUpSeconds: 3, contenders: contenderNames };
const size = isQuick ? quickSize : fullSize;
const streams = isQuick ? { counts: [1, 100, 1000], responses: 6 } : { counts: [1, 100, 1000], responses: 40 };
const acceptingSeconds = isQuick ? 2 : 15;
const username = 'bench';
const password = 'correct horse battery staple';
const results = path.resolve(import.meta.dirname, '../../bench/results');

const start = performance.now();
const say = (line: string): void => {
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};

async function run(): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sovd-fleet-bench-'));
  const processes = new Processes(directory);
  const postgres = await startEmbeddedPostgres({
    dataDirectory: path.join(directory, 'postgres'),
    // All contenders keep their pools at the same time. Everything else is as PostgreSQL comes, fsync on.
    flags: ['-c', 'max_connections=300'],
  });
  try {
    const variables = contenderVariables(postgres.url, logLevel);
    await migrateUp(postgres.url);
    await processes.run('src/create-admin.js', ['--username', username, '--email', 'bench@example.com'], {
      ...variables,
      ADMIN_PASSWORD: password,
    });
    const vehicle = await processes.listen('vehicles', 'bench/instant-vehicle.js', {});
    await seed(postgres.url, `${vehicle.url}/v/`, size);
    await silence(postgres.url, `${vehicle.url}/never/1`);
    say(`PostgreSQL runs with ${size.vehicles} vehicles and ${size.commands} commands`);
    const first = await startService(processes, variables);
    const token = await logIn(first.url, username, password);
    await first.stop();

    const stage = { databaseUrl: postgres.url, token, logLevel };
    const summaries = summarise(await measureSideBySide(processes, stage, effort, say));
    const accepted = await measureAccepted(processes, stage, variables, acceptingSeconds);
    say('orders were taken in and carried out');
    const followed = await measureStreams(processes, stage, variables, vehicle, streams);
    say('commands were followed');
    const page = [
      '# Benchmark',
      '',
      `${new Date().toISOString()}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}, ` +
        `${size.vehicles} vehicles, ${size.commands} commands, ${effort.rounds} rounds of ${effort.secondsPerLoad} s, ` +
        `log level ${logLevel}${isQuick ? ', quick' : ''}.`,
      '',
      sideBySideMarkdown(summaries),
      '',
      acceptedMarkdown(accepted),
      '',
      streamsMarkdown(followed),
      '',
    ].join('\n');
    console.log(page);
    await mkdir(results, { recursive: true });
    await writeFile(path.join(results, 'benchmark.md'), page);
    await writeFile(
      path.join(results, 'benchmark.json'),
      `${JSON.stringify({ effort, size, summaries, accepted, streams: followed }, null, 2)}\n`,
    );
  } finally {
    await processes.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function silence(databaseUrl: string, url: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('update vehicles set sovd_base_url = $2 where vehicle_id = $1', [silentVehicle, url]);
  await client.end();
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
