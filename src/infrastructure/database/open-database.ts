import type { Sequelize } from 'sequelize-typescript';

import type { Log } from '#application/ports/log.js';
import type { DatabaseSettings } from '#config/database-settings.js';

import { connect } from './connect.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { migrateUp } from './migrate.js';

/** A database that is there: given by its URL, or started for this process. */
export interface OpenDatabase {
  readonly url: string;
  readonly sequelize: Sequelize;
  /** Closes the pool, and stops a server that was started here. */
  readonly close: () => Promise<void>;
}

/** Opens the database of the settings. A server of our own is started only where no URL is given. */
export async function openDatabase(settings: DatabaseSettings, log: Log): Promise<OpenDatabase> {
  const server =
    settings.kind === 'embedded' ? await startEmbeddedPostgres({ dataDirectory: settings.dataDirectory }) : undefined;
  const url = settings.kind === 'url' ? settings.url.reveal() : (server?.url ?? '');
  try {
    if (settings.migrateOnStart) {
      for (const name of await migrateUp(url)) log.info({ migration: name }, 'migration applied');
    }
    const sequelize = connect({ ...settings, url, log });
    return {
      url,
      sequelize,
      close: async () => {
        await sequelize.close();
        await server?.stop();
      },
    };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}
