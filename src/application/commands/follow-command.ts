import type { LightAbortSignal } from '../ports/light-abort-signal.js';
import { WatchedAccess } from '../access/watched-access.js';
import { requireCommand, seesEverything } from '../access/visibility.js';
import { isFinal } from '../domain/command-state.js';
import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { CommandEvents, CommandNews } from '../ports/command-events.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { Log } from '../ports/log.js';
import type { RunningCommands } from '../ports/running-commands.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { Bell } from '../waiting/bell.js';
import { CommandAudience } from './command-audience.js';
import { requireKeptResponses } from './require-kept-responses.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly commandEvents: CommandEvents;
  readonly runningCommands: RunningCommands;
  readonly clock: Clock;
  readonly log: Log;
  /** How often a stream looks into the database when it hears nothing. */
  readonly recheckSeconds: number;
}

/** How many events are read at once; a unit a page. */
const pageSize = 100;

/** Somebody who follows a command and misses no news of it any more. */
export interface Following {
  readonly actor: UserActor;
  readonly commandId: string;
  readonly follower: Follower;
}

/** A command's events, stored ones and live ones. */
export interface FollowCommand {
  /**
   * Looks whether the actor may follow the command, and begins to listen: `events` has to be called with what it gives. Throws
   * `command-not-found` or `responses-purged`.
   */
  readonly begin: (actor: UserActor, commandId: string, after: number) => Promise<Following>;
  /**
   * Every event after the given one, once and in order, whenever one comes; ends after the final status. Holds no
   * connection and keeps no events while it waits. Ends early when the signal aborts, or when the actor may not see the
   * command any more. Throws `responses-purged` when some of what is to come was purged since.
   */
  readonly events: (following: Following, signal: LightAbortSignal) => AsyncIterable<CommandEvent>;
}

/** Follows commands. Streams of this process that follow the same command share a subscription and reads. */
export function followCommand(dependencies: Dependencies): FollowCommand {
  const { units, commandEvents, runningCommands, clock, log, recheckSeconds } = dependencies;
  const access = new WatchedAccess({ units, clock, log });
  const audiences = new Map<string, CommandAudience<EventsPage>>();

  async function begin(actor: UserActor, commandId: string, after: number): Promise<Following> {
    const follower = new Follower(audienceOf(commandId), new Bell(clock));
    try {
      await follower.audience.listening();
      const events = runningCommands.begunEvents(commandId);
      // Who has seen a later one knows more than we do.
      if (events !== undefined && after <= events.length) {
        if (!seesEverything(actor)) await units.withUnit('read', (work) => requireCommand(work, actor, commandId));
        follower.begin(after, { events: events.slice(after), isEnd: false });
        return { actor, commandId, follower };
      }
      // Both go to the database together. What was read of the events is looked at only when the actor may see them.
      const reading = readOn(commandId, follower, after);
      reading.catch(() => undefined);
      const command = await units.withUnit('read', (work) => requireCommand(work, actor, commandId));
      requireKeptResponses(command);
      // A client that names an event of the future would else wait for ever.
      follower.begin(Math.min(after, command.record.lastEventNumber), await reading);
      return { actor, commandId, follower };
    } catch (error) {
      leave(commandId, follower);
      throw error;
    }
  }

  function events(following: Following, signal: LightAbortSignal): AsyncIterable<CommandEvent> {
    const stop = (): void => leave(following.commandId, following.follower);
    // Nobody may ever ask for the first event.
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return eventsUntil(following, signal);
  }

  async function* eventsUntil(
    { actor, commandId, follower }: Following,
    signal: LightAbortSignal,
  ): AsyncGenerator<CommandEvent, void, undefined> {
    const { bell } = follower;
    let isRightLost = false;
    const isOver = (): boolean => signal.aborted || isRightLost;
    const unwatch = access.watch(actor, commandId, () => {
      isRightLost = true;
      bell.ring();
    });
    try {
      while (!isOver()) {
        const page = follower.takeKnown() ?? (await readOn(commandId, follower, follower.sent));
        follower.sent = page.events.at(-1)?.eventNumber ?? follower.sent;
        for (const event of page.events) {
          if (isOver()) return;
          yield event;
        }
        if (page.isEnd) return;
        if (page.events.length < pageSize) await bell.wait(recheckSeconds * 1000, signal);
      }
    } finally {
      unwatch();
      leave(commandId, follower);
    }
  }

  function leave(commandId: string, { audience, leave: leaveAudience }: Follower): void {
    leaveAudience();
    if (audience.isEmpty && audiences.get(commandId) === audience) audiences.delete(commandId);
  }

  function readOn(commandId: string, { audience }: Follower, after: number): Promise<EventsPage> {
    return audience.read(after, (event) => readFromDatabase(commandId, event));
  }

  function audienceOf(commandId: string): CommandAudience<EventsPage> {
    const present = audiences.get(commandId);
    if (present !== undefined) return present;
    const audience = new CommandAudience<EventsPage>(commandEvents, commandId);
    audiences.set(commandId, audience);
    return audience;
  }

  async function readFromDatabase(commandId: string, after: number): Promise<EventsPage> {
    try {
      return await units.withUnit('read', async (work) => {
        const stored = await work.commands.listEvents(commandId, after, pageSize);
        const last = stored.at(-1);
        const isWhole = last?.eventNumber === after + stored.length;
        if (last !== undefined && isWhole) return { events: stored, isEnd: stored.length < pageSize && isEnd(last) };
        const command = await work.commands.load(commandId);
        if (last === undefined || command === undefined) {
          const isOver = command === undefined || (command.isFinal && command.record.lastEventNumber <= after);
          return { events: [], isEnd: isOver };
        }
        // Between the numbers that are there some are missing.
        requireKeptResponses(command);
        return { events: stored, isEnd: stored.length < pageSize && isEnd(last) };
      });
    } catch (error) {
      // A database that is away for a moment delays a stream; it doesn't end it.
      if (error instanceof ApplicationError && error.kind === 'unavailable') return { events: [], isEnd: false };
      throw error;
    }
  }

  return { begin, events };
}

/** Events that follow one another. */
export interface EventsPage {
  readonly events: readonly CommandEvent[];
  /** Nothing will come behind them. */
  readonly isEnd: boolean;
}

/** How far one who follows a command has come. Hears all news of it, and rings its bell for those that tell something new. */
export class Follower {
  readonly leave: () => void;
  /** The number of the last event that was handed on. */
  sent = 0;
  #stored: EventsPage | undefined;
  #lastStored = 0;
  #isBeginning = true;
  /** The newest event that was heard of while it began. */
  #newest = 0;
  /** What came with the news, as far as one follows the other. Nothing when there was more of it: the database has it all. */
  #brought: readonly CommandEvent[] = [];

  constructor(
    readonly audience: CommandAudience<EventsPage>,
    readonly bell: Bell,
  ) {
    this.leave = audience.join((news) => this.#hear(news));
  }

  /** Goes on behind an event, with what was stored then. */
  begin(after: number, stored: EventsPage): void {
    const lastStored = stored.events.at(-1)?.eventNumber ?? after;
    this.sent = after;
    this.#stored = stored;
    this.#lastStored = lastStored;
    this.#isBeginning = false;
    this.#brought = this.#brought.filter(({ eventNumber }) => eventNumber > lastStored);
    if (this.#newest > lastStored) this.bell.ring();
  }

  /** The next events, where they are known without a look: those of the beginning, or those that news brought, if they are all. */
  takeKnown(): EventsPage | undefined {
    const stored = this.#stored;
    this.#stored = undefined;
    if (stored !== undefined) return stored;
    const events = this.#brought;
    this.#brought = [];
    const last = events.at(-1);
    if (last === undefined || events[0]?.eventNumber !== this.sent + 1) return undefined;
    return { events, isEnd: isEnd(last) };
  }

  #hear({ eventNumber, events = [] }: CommandNews): void {
    if (eventNumber <= Math.max(this.sent, this.#lastStored)) return;
    // Nothing is kept for a reader who is slow to take what came before.
    const isTakenSoon = this.#isBeginning || this.bell.isAwaited || this.#brought.length > 0;
    this.#brought = isTakenSoon ? joined(this.#brought, events) : [];
    this.#newest = Math.max(this.#newest, eventNumber);
    if (!this.#isBeginning) this.bell.ring();
  }
}

/** Events with those behind them; none when some are missing in between, or when they are more than a page. */
function joined(events: readonly CommandEvent[], more: readonly CommandEvent[]): readonly CommandEvent[] {
  if (events.length + more.length > pageSize) return [];
  const last = events.at(-1);
  if (last === undefined) return more;
  return more[0]?.eventNumber === last.eventNumber + 1 ? [...events, ...more] : [];
}

function isEnd(event: CommandEvent): boolean {
  return event.kind === 'status' && isFinal(event.transition.to);
}
