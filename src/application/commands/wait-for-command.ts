import type { Command } from '../domain/command.js';
import type { Clock } from '../ports/clock.js';
import type { CommandEvents } from '../ports/command-events.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { Bell } from '../waiting/bell.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly commandEvents: CommandEvents;
  readonly clock: Clock;
}

/** News may be lost between instances: then the end is seen this much later. */
const recheckMillis = 2000;

/**
 * Waits until a command has ended, the time is over or nobody is interested any more; gives the command as it is then.
 * Holds no connection while it waits.
 */
export function waitForCommand({ units, commandEvents, clock }: Dependencies) {
  return async (command: Command, waitSeconds: number, signal: AbortSignal): Promise<Command> => {
    const end = clock.now().getTime() + waitSeconds * 1000;
    const bell = new Bell(clock);
    const unsubscribe = await commandEvents.subscribe(command.id, () => bell.ring());
    try {
      for (;;) {
        const current = await units.withUnit('read', (work) => work.commands.load(command.id));
        const left = end - clock.now().getTime();
        if (current === undefined || current.isFinal || left <= 0 || signal.aborted) return current ?? command;
        await bell.wait(Math.min(left, recheckMillis), signal);
      }
    } finally {
      unsubscribe();
    }
  };
}
