import type { CommandStep } from '../domain/command.js';
import type { CommandEvents } from '../ports/command-events.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { Measurements } from '../ports/measurements.js';
import type { Work } from '../ports/unit-of-work.js';
import type { BegunCommands } from './begun-commands.js';

interface Dependencies {
  readonly commandEvents: CommandEvents;
  readonly begunCommands: Pick<BegunCommands, 'note'>;
  readonly measurements: Pick<Measurements, 'commandMoved'>;
}

/** Tells followers and counters of a step once it is durable, and never before. */
export type AnnounceStep = (work: Pick<Work, 'afterCommit'>, step: AnnouncedStep) => void;

type AnnouncedStep = Omit<CommandStep, 'before'>;

/** Publishes a step's news and counts its transitions, after the commit. */
export function announceStep({ commandEvents, begunCommands, measurements }: Dependencies): AnnounceStep {
  return (work, step) => {
    const { after, transitions } = step;
    work.afterCommit(() => {
      const { lastEventNumber } = after.record;
      const events = eventsOf(step);
      begunCommands.note(after.id, events);
      commandEvents.publish({ commandId: after.id, eventNumber: lastEventNumber, events });
      const { name, submittedAt, startedAt, completedAt } = after.record;
      for (const { from, to } of transitions) {
        measurements.commandMoved({ name, from, to, submittedAt, startedAt, completedAt });
      }
    });
  };
}

function eventsOf({ responses, transitions }: AnnouncedStep): readonly CommandEvent[] {
  const events: CommandEvent[] = [
    ...responses.map((response) => ({ kind: 'response', eventNumber: response.eventNumber, response }) as const),
    ...transitions.map((transition) => ({ kind: 'status', eventNumber: transition.eventNumber, transition }) as const),
  ];
  return events.sort((a, b) => a.eventNumber - b.eventNumber);
}
