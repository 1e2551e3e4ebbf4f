import { z } from 'zod';

import type { CommandStatistics } from '#application/commands/show-command-statistics.js';
import { commandStatuses } from '#application/domain/command-state.js';

import { timestamp } from './plain-text.js';
import { timestampText } from './timestamp-text.js';

const durationsSchema = z.object({ p50: z.number(), p95: z.number(), max: z.number() });

/** Counts of commands and how long they took. */
export const commandStatisticsSchema = z
  .object({
    from: timestamp,
    to: timestamp,
    items: z.array(
      z.object({
        command_name: z.string(),
        status: z.enum(commandStatuses),
        count: z.int(),
        waiting_seconds: durationsSchema.nullable().meta({
          description: 'From acceptance to the start; null where none has started.',
        }),
        working_seconds: durationsSchema.nullable().meta({
          description: 'From the start to the end; null where none has both.',
        }),
      }),
    ),
  })
  .meta({ id: 'CommandStatistics' });

/** Statistics as they are shown. */
export function presentCommandStatistics({
  from,
  to,
  items,
}: CommandStatistics): z.output<typeof commandStatisticsSchema> {
  return {
    from: timestampText(from),
    to: timestampText(to),
    items: items.map(({ name, status, count, waiting, working }) => ({
      command_name: name,
      status,
      count,
      waiting_seconds: waiting ?? null,
      working_seconds: working ?? null,
    })),
  };
}
