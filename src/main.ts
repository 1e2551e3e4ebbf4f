import { readEnvironment } from '#config/environment.js';
import { SettingsError } from '#config/settings-error.js';
import { loadSettings } from '#config/settings.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import { RestingMemory } from '#infrastructure/resting-memory.js';

import { compose } from './composition.js';

/** Whatever still runs then is cut off. */
const stopTimeoutMillis = 9500;

async function run(): Promise<void> {
  const settings = loadSettings(readEnvironment());
  const log = createBunyanLog({ level: settings.log.level });
  const program = await compose(settings, { log });
  const stop = (signal: string): void => {
    log.info({ signal }, 'stopping');
    // A part that doesn't stop must not keep the process for ever.
    const timer = setTimeout(() => process.exit(1), stopTimeoutMillis);
    timer.unref();
    program.stop().then(
      () => {
        log.info({}, 'stopped');
        // Everything is closed; whatever a library still has open would keep the process.
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'the service did not stop cleanly');
        // Whatever is still open would keep the process, and its supervisor has to hear that something went wrong.
        process.exit(1);
      },
    );
  };
  const { gc } = globalThis;
  // There with `--expose-gc`, as in `npm start`.
  if (gc !== undefined) {
    const memory = new RestingMemory(() => {
      gc();
    });
    memory.watch();
  }
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    const { port } = await program.start();
    log.info({ port, host: settings.server.host, ready_ms: Math.round(performance.now()) }, 'ready');
  } catch (error) {
    await program.stop();
    throw error;
  }
}

run().catch((error: unknown) => {
  const message = error instanceof SettingsError || error instanceof Error ? error.message : String(error);
  process.stderr.write(`sovd-fleet cannot start: ${message}\n`);
  process.exitCode = 1;
});
