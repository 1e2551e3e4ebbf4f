import { requireVehicle, visibleVehicles } from '../access/visibility.js';
import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { CommandStatistic } from '../ports/command-statistics.js';
import type { Work } from '../ports/unit-of-work.js';

/** The longest range in days: what it costs grows with the commands that were submitted in it. */
export const maxStatisticsDays = 92;

const dayMillis = 86_400_000;

/** Of which commands: those that were submitted in a range, which is the last 24 hours unless it is said. */
export interface StatisticsRange {
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  readonly vehicleId: string | undefined;
}

/** Counts and durations, and the range that they are of. */
export interface CommandStatistics {
  readonly from: Date;
  readonly to: Date;
  readonly items: readonly CommandStatistic[];
}

/**
 * Counts the commands whose vehicles the actor may see, by type and state. Throws `vehicle-not-found`, and
 * `invalid-request` for a range that is empty or too long.
 */
export function showCommandStatistics({ clock }: { readonly clock: Clock }) {
  return async (
    work: Pick<Work, 'commandStatistics' | 'vehicles'>,
    actor: UserActor,
    { from, to, vehicleId }: StatisticsRange,
  ): Promise<CommandStatistics> => {
    const end =
      to ?? (from === undefined ? clock.now() : new Date(Math.max(clock.now().getTime(), from.getTime() + 1)));
    const start = from ?? new Date(end.getTime() - dayMillis);
    refuseRange(start, end);
    if (vehicleId !== undefined) await requireVehicle(work, actor, vehicleId);
    const items = await work.commandStatistics.count({
      scope: visibleVehicles(actor),
      from: start,
      to: end,
      ...(vehicleId === undefined ? {} : { vehicleId }),
    });
    return { from: start, to: end, items };
  };
}

function refuseRange(from: Date, to: Date): void {
  const millis = to.getTime() - from.getTime();
  if (millis > 0 && millis <= maxStatisticsDays * dayMillis) return;
  const message = millis <= 0 ? 'must be later than from' : `must be at most ${maxStatisticsDays} days after from`;
  throw new ApplicationError('invalid-request', 'Something in the request is not valid; see errors.', {
    complaints: [{ pointer: '#/query/to', message }],
  });
}
