import { setTimeout as sleep } from 'node:timers/promises';

import { type Answer, eventStream } from './answer.js';
import type { DataModel } from './car-model.js';
import type { Entity } from './entity.js';
import { incompleteRequest } from './sovd-error.js';
import type { SovdRequest } from './sovd-request.js';
import { intervalsMillis, type Subscription } from './subscription-book.js';

const maxEvents = 1_000_000;
const maxIntervalMillis = 60_000;
const defaultRecorderEvents = 100;
/** At most so many events in one piece, so that a fast stream stays fair to other requests. */
const maxPerPiece = 100;

interface Pace {
  readonly intervalMillis: number;
  readonly maxEvents: number;
  /** Looked at before each piece. */
  readonly isOver: () => boolean;
}

/**
 * Events of a cyclic subscription, until it expires or is deleted. The vendor queries `x-interval-millis` and
 * `x-events` make it faster than the three classes of SOVD, and end it after so many events.
 */
export function subscriptionStream(entity: Entity, subscription: Subscription, request: SovdRequest): Answer {
  const model = entity.data.find(subscription.dataId);
  const payload = (): object => ({ id: subscription.dataId, data: model && dataOf(entity, model) });
  const pace: Pace = {
    intervalMillis:
      vendorNumber(request, 'x-interval-millis', maxIntervalMillis) ?? intervalsMillis[subscription.interval],
    maxEvents: vendorNumber(request, 'x-events', maxEvents) ?? Number.POSITIVE_INFINITY,
    isOver: () => subscription.ended || Date.now() >= subscription.expiresAt,
  };
  return eventStream(frames(pace, payload));
}

/** The recorder's stream: `x-events` numbered events (100), one each `x-interval-millis` (50), then the end. */
export function recorderStream(entity: Entity, model: DataModel, request: SovdRequest): Answer {
  const payload = (number: number): object => ({ id: model.id, number, data: dataOf(entity, model) });
  const pace: Pace = {
    intervalMillis: vendorNumber(request, 'x-interval-millis', maxIntervalMillis) ?? intervalsMillis.fast,
    maxEvents: vendorNumber(request, 'x-events', maxEvents) ?? defaultRecorderEvents,
    isOver: () => false,
  };
  return eventStream(frames(pace, payload));
}

/** One SSE frame per event with SOVD's envelope; those that fell due since the last piece come in one piece. */
async function* frames(pace: Pace, payload: (number: number) => object): AsyncGenerator<string> {
  const startedAt = Date.now();
  let sent = 0;
  while (!pace.isOver() && sent < pace.maxEvents) {
    const due = pace.intervalMillis === 0 ? Infinity : Math.floor((Date.now() - startedAt) / pace.intervalMillis) + 1;
    const until = Math.min(due, pace.maxEvents, sent + maxPerPiece);
    let piece = '';
    for (; sent < until; sent += 1) piece += frame(payload(sent + 1));
    if (piece !== '') yield piece;
    // Not a reason for the process to stay: the open connection is.
    if (sent < pace.maxEvents)
      await sleep(pauseMillis(startedAt, sent, pace.intervalMillis), undefined, { ref: false });
  }
}

function pauseMillis(startedAt: number, sent: number, intervalMillis: number): number {
  return intervalMillis === 0 ? 0 : Math.max(0, startedAt + sent * intervalMillis - Date.now());
}

function frame(payload: object): string {
  return `data: ${JSON.stringify({ timestamp: new Date().toISOString(), payload })}\n\n`;
}

function dataOf(entity: Entity, model: DataModel): unknown {
  return entity.data.valueOf(model, entity.vehicle.moment());
}

function vendorNumber(request: SovdRequest, name: string, max: number): number | undefined {
  const text = request.query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d{1,9}$/u.test(text) && value <= max) return value;
  throw incompleteRequest(`${name} must be a whole number from 0 to ${max}.`);
}
