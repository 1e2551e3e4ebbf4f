import { WatchedAccess } from '../access/watched-access.js';
import { requireCommand } from '../access/visibility.js';
import { isFinal } from '../domain/command-state.js';
import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { CommandEvents } from '../ports/command-events.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { Log } from '../ports/log.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { Bell } from '../waiting/bell.js';
import { CommandAudience } from './command-audience.js';
import { requireKeptResponses } from './require-kept-responses.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly commandEvents: CommandEvents;
  readonly clock: Clock;
  readonly log: Log;
  /** How often a stream looks into the database when it hears nothing. */
  readonly recheckSeconds: number;
}

/** How many events are read at once; a unit a page. */
const pageSize = 100;

/** Where a stream begins: after which event, and whether there is anything to wait for. */
export interface Following {
  readonly actor: UserActor;
  readonly commandId: string;
  readonly after: number;
}

/** A command's events, stored ones and live ones. */
export interface FollowCommand {
  /** Looks whether the actor may follow the command. Throws `command-not-found` or `responses-purged`. */
  readonly begin: (actor: UserActor, commandId: string, after: number) => Promise<Following>;
  /**
   * Every event after the given one, once and in order, whenever one comes; ends after the final status. Holds no
   * connection and keeps no events while it waits. Ends early when the signal aborts, or when the actor may not see the
   * command any more. Throws `responses-purged` when some of what is to come was purged since.
   */
  readonly events: (following: Following, signal: AbortSignal) => AsyncGenerator<CommandEvent, void, undefined>;
}

/** Follows commands. Streams of this process that follow the same command share a subscription and reads. */
export function followCommand({ units, commandEvents, clock, log, recheckSeconds }: Dependencies): FollowCommand {
  const access = new WatchedAccess({ units, clock, log });
  const audiences = new Map<string, CommandAudience<EventsPage>>();

  async function begin(actor: UserActor, commandId: string, after: number): Promise<Following> {
    const command = await units.withUnit('read', (work) => requireCommand(work, actor, commandId));
    requireKeptResponses(command);
    // A client that names an event of the future would else wait for ever.
    return { actor, commandId, after: Math.min(after, command.record.lastEventNumber) };
  }

  async function* events(following: Following, signal: AbortSignal): AsyncGenerator<CommandEvent, void, undefined> {
    const { actor, commandId } = following;
    let sent = following.after;
    let isRightLost = false;
    const isOver = (): boolean => signal.aborted || isRightLost;
    const bell = new Bell(clock);
    const unwatch = access.watch(actor, commandId, () => {
      isRightLost = true;
      bell.ring();
    });
    const audience = audienceOf(commandId);
    /** What came with the news that ended the wait. Nothing when there were more of them: the database has it all. */
    let brought: readonly CommandEvent[] = [];
    const leave = audience.join((news) => {
      if (news.eventNumber <= sent) return;
      brought = bell.isAwaited ? (news.events ?? []) : [];
      bell.ring();
    });
    const takeBrought = (): EventsPage | undefined => {
      const events = brought;
      brought = [];
      const last = events.at(-1);
      if (last === undefined || events[0]?.eventNumber !== sent + 1) return undefined;
      return { events, isEnd: isEnd(last) };
    };
    try {
      await audience.listening();
      while (!isOver()) {
        const page = takeBrought() ?? (await audience.read(sent, (after) => readFromDatabase(commandId, after)));
        sent = page.events.at(-1)?.eventNumber ?? sent;
        for (const event of page.events) {
          if (isOver()) return;
          yield event;
        }
        if (page.isEnd) return;
        if (page.events.length < pageSize) await bell.wait(recheckSeconds * 1000, signal);
      }
    } finally {
      unwatch();
      leave();
      if (audience.isEmpty && audiences.get(commandId) === audience) audiences.delete(commandId);
    }
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

interface EventsPage {
  readonly events: readonly CommandEvent[];
  readonly isEnd: boolean;
}

function isEnd(event: CommandEvent): boolean {
  return event.kind === 'status' && isFinal(event.transition.to);
}
