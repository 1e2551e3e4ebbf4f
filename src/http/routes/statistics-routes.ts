import { z } from 'zod';

import { maxStatisticsDays, type showCommandStatistics } from '#application/commands/show-command-statistics.js';

import { endpoint, type Endpoint } from '../endpoint.js';
import { ok } from '../reply.js';
import { timestamp, uuid } from '../schemas/plain-text.js';
import { commandStatisticsSchema, presentCommandStatistics } from '../schemas/statistics-schemas.js';

/** The use cases behind these routes. */
export interface StatisticsRoutesDependencies {
  readonly showCommandStatistics: ReturnType<typeof showCommandStatistics>;
}

/** Counts and durations. */
export function statisticsRoutes({ showCommandStatistics }: StatisticsRoutesDependencies): readonly Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/stats/commands',
      operationId: 'showCommandStatistics',
      tag: 'Commands',
      summary: 'Count commands, and how long they took',
      description: `By type and state, of the commands that were submitted in a range of ${maxStatisticsDays} days at the most. Durations are in seconds.`,
      role: 'viewer',
      access: 'read',
      audit: { action: 'vehicle.read', entityType: 'vehicle', vehicleId: ({ query }) => query.vehicle_id },
      query: z.object({
        from: timestamp.optional().meta({ description: 'Submitted at this time or later; 24 hours before `to`.' }),
        to: timestamp.optional().meta({ description: 'Submitted before this time; now.' }),
        vehicle_id: uuid.optional(),
      }),
      replies: {
        200: {
          description: 'Counts and durations',
          schema: commandStatisticsSchema,
          example: {
            from: '2026-01-30T12:00:00.000Z',
            to: '2026-01-31T12:00:00.000Z',
            items: [
              {
                command_name: 'read-faults',
                status: 'completed',
                count: 412,
                waiting_seconds: { p50: 0.02, p95: 0.4, max: 31.5 },
                working_seconds: { p50: 0.8, p95: 2.1, max: 9.7 },
              },
            ],
          },
        },
      },
      errors: ['vehicle-not-found'],
      handle: (work, actor, { query }) =>
        showCommandStatistics(work, actor, {
          from: query.from === undefined ? undefined : new Date(query.from),
          to: query.to === undefined ? undefined : new Date(query.to),
          vehicleId: query.vehicle_id,
        }),
      reply: (statistics) => ok(presentCommandStatistics(statistics)),
    }),
  ];
}
