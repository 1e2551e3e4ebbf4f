import os from 'node:os';
import process from 'node:process';

import { Demo } from './demo.js';
import { say } from './terminal.js';

/*
 * `make demo`: a database, the service and two simulated vehicles, each a process of its own, and one command on a vehicle.
 * `--once` ends after that; without it the service goes on until Ctrl-C. However it ends, it stops what it started.
 */

/** Somebody wants the demo to end. */
class Interrupted extends Error {
  constructor(readonly signal: NodeJS.Signals) {
    super(`Stopped by ${signal}.`);
  }
}

// Whoever reads along may go away; that is no reason to leave programs behind.
process.stdout.on('error', () => {});

const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => reject(new Interrupted(signal)));
  }
});

async function run(isOnce: boolean): Promise<number> {
  const demo = new Demo();
  try {
    const telling = demo.tell();
    await Promise.race([telling, interrupted]);
    if (isOnce) return 0;
    demo.sayNextSteps();
    await Promise.race([demo.unexpectedEnd(), interrupted]);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      say('\nStopping ...');
      // Ctrl-C is how it is meant to end, once it serves.
      return demo.isServing && error.signal === 'SIGINT' ? 0 : 128 + os.constants.signals[error.signal];
    }
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await demo.stop();
  }
}

process.exit(await run(process.argv.includes('--once')));
