import { z } from 'zod';

import type { DataModel, EntityModel, EntityPath, LastingOperation } from '../car-model.js';
import { identity, rounded, wave } from './declarations.js';

const channelCount = 120;
const recordShape = z.strictObject({
  samples: z.int().min(1).max(5000),
  interval_millis: z.int().min(1).max(60_000).default(10),
});

const channels: readonly DataModel[] = Array.from({ length: channelCount }, (_unused, index) => {
  const number = (index + 1).toString().padStart(3, '0');
  return {
    ...{ id: `channel-${number}`, name: `Channel ${number}`, category: 'currentData', groups: ['channels'] },
    shape: z.number(),
    read: (moment) => rounded(wave(moment, index + 1, 0.5, 2 + index / 10), 3),
  };
});

const record: LastingOperation = {
  ...{ kind: 'lasting', id: 'record', name: 'Record samples', parameters: recordShape },
  durationMillis: (parameters) => {
    const { samples, interval_millis: intervalMillis } = recordShape.parse(parameters);
    return samples * intervalMillis;
  },
  progress: (parameters, elapsedMillis) => {
    const { samples, interval_millis: intervalMillis } = recordShape.parse(parameters);
    return { samples_taken: Math.min(samples, Math.floor(elapsedMillis / intervalMillis)), samples_wanted: samples };
  },
  finish: (parameters) => {
    const { samples } = recordShape.parse(parameters);
    return { parameters: { samples_taken: samples, samples_wanted: samples } };
  },
};

/**
 * The app that records: 120 channels, an operation whose status changes with every sample, and the event stream
 * `data/stream/events`, as fast and as long as one asks.
 */
export function diagnosticRecorder(host: EntityPath): EntityModel {
  return {
    path: 'apps/diagnostic-recorder',
    name: 'Diagnostic recorder',
    tags: ['diagnostics'],
    relations: { 'is-located-on': [host] },
    faults: [],
    data: [
      identity('version', 'Version of the app', '3.2.0'),
      ...channels,
      {
        ...{ id: 'stream', name: 'Stream of all channels', category: 'currentData', groups: ['channels'] },
        shape: z.object({ channel: z.string(), value: z.number() }),
        read: (moment) => ({ channel: 'channel-001', value: rounded(wave(moment, 1, 0.5, 2), 3) }),
      },
      {
        ...{ id: 'trigger-level', name: 'Trigger level', category: 'storedData', groups: ['settings'] },
        ...{ shape: z.number().min(-100).max(100), read: () => 0.5, write: {} },
      },
    ],
    operations: [record],
    lockable: true,
  };
}

/** The app that talks to the maker's cloud. */
export function telemetryAgent(host: EntityPath): EntityModel {
  return {
    path: 'apps/telemetry-agent',
    name: 'Telemetry agent',
    tags: ['connectivity'],
    relations: { 'is-located-on': [host] },
    data: [
      identity('version', 'Version of the app', '1.14.2'),
      {
        ...{ id: 'upload-interval', name: 'Upload interval in seconds', category: 'storedData', groups: ['settings'] },
        ...{ shape: z.int().min(10).max(3600), read: () => 60, write: {} },
      },
      {
        ...{ id: 'queued-messages', name: 'Messages waiting for upload', category: 'currentData', groups: ['upload'] },
        ...{ shape: z.int().min(0), read: (moment) => Math.max(0, Math.round(wave(moment, 12, 9, 30))) },
      },
    ],
    operations: [
      {
        ...{ kind: 'immediate', id: 'ping', name: 'Ask for a sign of life' },
        run: (_parameters, moment) => ({ parameters: { alive: true, uptime_seconds: Math.floor(moment.seconds) } }),
      },
    ],
    lockable: true,
  };
}
