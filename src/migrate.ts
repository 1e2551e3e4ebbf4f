import { readEnvironment } from '#config/environment.js';
import { loadSettings } from '#config/settings.js';
import { openDatabase } from '#infrastructure/database/open-database.js';
import { migrateDown, migrateUp } from '#infrastructure/database/migrate.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';

/** `npm run migrate` brings the schema up to date; `npm run migrate -- down` takes everything back, data included. */
async function run(direction: string): Promise<void> {
  if (direction !== 'up' && direction !== 'down') throw new Error(`say up or down, not ${direction}`);
  const settings = loadSettings(readEnvironment());
  const log = createBunyanLog({ level: 'warn' });
  const database = await openDatabase({ ...settings.database, migrateOnStart: false }, log);
  try {
    const names = direction === 'up' ? await migrateUp(database.url) : await migrateDown(database.url);
    for (const name of names) console.log(`${direction === 'up' ? 'applied' : 'taken back'}: ${name}`);
    if (names.length === 0) console.log('nothing to do');
  } finally {
    await database.close();
  }
}

run(process.argv[2] ?? 'up').catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
