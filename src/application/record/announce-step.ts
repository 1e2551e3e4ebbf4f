import type { CommandStep } from '../domain/command.js';
import type { CommandEvents } from '../ports/command-events.js';
import type { Measurements } from '../ports/measurements.js';
import type { Work } from '../ports/unit-of-work.js';

interface Dependencies {
  readonly commandEvents: CommandEvents;
  readonly measurements: Measurements;
}

/** Tells followers and counters of a step once it is durable, and never before. */
export type AnnounceStep = (work: Pick<Work, 'afterCommit'>, step: Pick<CommandStep, 'after' | 'transitions'>) => void;

/** Publishes a step's news and counts its transitions, after the commit. */
export function announceStep({ commandEvents, measurements }: Dependencies): AnnounceStep {
  return (work, { after, transitions }) => {
    work.afterCommit(() => {
      commandEvents.publish({ commandId: after.id, eventNumber: after.record.lastEventNumber });
      const { name, submittedAt, startedAt, completedAt } = after.record;
      for (const { from, to } of transitions) {
        measurements.commandMoved({ name, from, to, submittedAt, startedAt, completedAt });
      }
    });
  };
}
