import type { LightAbortSignal } from '../ports/light-abort-signal.js';
import { visibleVehicles } from '../access/visibility.js';
import type { UserActor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { CommandEvents } from '../ports/command-events.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { Bell } from '../waiting/bell.js';

interface Dependencies {
  readonly commandEvents: CommandEvents;
  readonly clock: Clock;
}

/** How long somebody would wait, and until they hang up. */
export interface Wish {
  readonly waitSeconds: number;
  readonly signal: LightAbortSignal;
}

/** News may be lost between instances: then the end is seen this much later. */
const recheckMillis = 2000;

/**
 * Waits until a command has ended, the time is over or nobody is interested any more; gives the command as it is then.
 * Holds no connection while it waits.
 */
export function waitForCommand({ commandEvents, clock }: Dependencies) {
  return async (units: UnitsOfWork, actor: UserActor, command: Command, wish: Wish): Promise<Command> => {
    const { waitSeconds, signal } = wish;
    const end = clock.now().getTime() + waitSeconds * 1000;
    const bell = new Bell(clock);
    const unsubscribe = await commandEvents.subscribe(command.id, () => bell.ring());
    try {
      for (let known = command; ;) {
        known = (await load(units, actor, command.id)) ?? known;
        const left = end - clock.now().getTime();
        if (known.isFinal || left <= 0 || signal.aborted) return known;
        await bell.wait(Math.min(left, recheckMillis), signal);
      }
    } finally {
      unsubscribe();
    }
  };
}

/**
 * The command as it is now; undefined while the database is away, because the command itself was accepted all the same, and
 * when the actor may not see it any more.
 */
async function load(units: UnitsOfWork, actor: UserActor, commandId: string): Promise<Command | undefined> {
  try {
    const scope = visibleVehicles(actor);
    const visible = await units.withUnit('read', (work) => work.commands.loadVisible(commandId, scope));
    return visible?.item;
  } catch (error) {
    if (error instanceof ApplicationError && error.kind === 'unavailable') return undefined;
    throw error;
  }
}
