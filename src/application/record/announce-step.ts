import type { CommandStep } from '../domain/command.js';
import type { CommandEvents } from '../ports/command-events.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { Measurements } from '../ports/measurements.js';
import type { Work } from '../ports/unit-of-work.js';

interface Dependencies {
  readonly commandEvents: CommandEvents;
  readonly measurements: Pick<Measurements, 'commandMoved'>;
}

/** Tells followers and counters of a step once it is durable, and never before. */
export type AnnounceStep = (work: Pick<Work, 'afterCommit'>, step: AnnouncedStep) => void;

type AnnouncedStep = Omit<CommandStep, 'before'>;

/** Publishes a step's news and counts its transitions, after the commit. */
export function announceStep({ commandEvents, measurements }: Dependencies): AnnounceStep {
  return (work, step) => {
    const { after, transitions } = step;
    work.afterCommit(() => {
      const { lastEventNumber } = after.record;
      commandEvents.publish({ commandId: after.id, eventNumber: lastEventNumber, events: eventsOf(step) });
      const { name, submittedAt, startedAt, completedAt } = after.record;
      for (const { from, to } of transitions) {
        measurements.commandMoved({ name, from, to, submittedAt, startedAt, completedAt });
      }
    });
  };
}

/** The events of a step, in their order. */
export function eventsOf({
  responses,
  transitions,
}: Pick<CommandStep, 'responses' | 'transitions'>): readonly CommandEvent[] {
  const events: CommandEvent[] = [
    ...responses.map((response) => ({ kind: 'response', eventNumber: response.eventNumber, response }) as const),
    ...transitions.map((transition) => ({ kind: 'status', eventNumber: transition.eventNumber, transition }) as const),
  ];
  return events.sort((a, b) => a.eventNumber - b.eventNumber);
}
