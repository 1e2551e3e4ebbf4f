import { z } from 'zod';

import { type Answer, created, done, noContent, ok } from './answer.js';
import type { Entity } from './entity.js';
import { incompleteRequest, notImplemented, resourceNotFound, SovdError } from './sovd-error.js';
import { byMethod, type SovdRequest } from './sovd-request.js';
import { subscriptionStream } from './streams.js';
import type { Subscription } from './subscription-book.js';

const interval = z.enum(['fast', 'normal', 'slow']);
const duration = z.number().min(1).max(3600);
const createShape = z.object({ resource: z.string(), interval, duration, protocol: z.string().default('sse') });
const changeShape = z.object({ interval, duration });

/** `{entity}/cyclic-subscriptions`: live data as server-sent events, at the subscription and at its `/events`. */
export function answerSubscriptions(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [id, section, ...deeper] = rest;
  if (deeper.length > 0) throw resourceNotFound(`cyclic-subscriptions/${rest.join('/')}`);
  if (id === undefined) {
    return byMethod(request, {
      GET: () => ok({ items: entity.subscriptions.list().map((one) => presentInList(entity, one)) }),
      POST: () => create(entity, request),
    });
  }
  const subscription = entity.subscriptions.find(id);
  if (subscription === undefined) throw resourceNotFound(`cyclic subscription ${id}`);
  if (section === 'events') {
    return byMethod(request, { GET: () => subscriptionStream(entity, subscription, request) });
  }
  if (section !== undefined) throw resourceNotFound(`cyclic-subscriptions/${rest.join('/')}`);
  return byMethod(request, {
    GET: () =>
      request.wantsEvents ? subscriptionStream(entity, subscription, request) : ok(present(entity, subscription)),
    PUT: () => change(entity, request, subscription),
    DELETE: () => {
      entity.subscriptions.end(subscription);
      return noContent();
    },
  });
}

function create(entity: Entity, request: SovdRequest): Answer {
  const wanted = request.read(createShape);
  if (wanted.protocol !== 'sse') throw notImplemented(`the protocol ${wanted.protocol}`);
  const dataId = observedDataId(entity, wanted.resource);
  if (entity.subscriptions.isFull) {
    throw new SovdError(503, { error_code: 'sovd-server-failure', message: 'Too many subscriptions.' });
  }
  const subscription = entity.subscriptions.add(dataId, wanted.interval, wanted.duration);
  return created(hrefOf(entity, subscription), present(entity, subscription));
}

function change(entity: Entity, request: SovdRequest, subscription: Subscription): Answer {
  const wanted = request.read(changeShape);
  subscription.interval = wanted.interval;
  subscription.expiresAt = Date.now() + wanted.duration * 1000;
  return done(present(entity, subscription));
}

/** The resource is a data item of the same entity: its whole path, a URL with that path, or `data/{id}`. */
function observedDataId(entity: Entity, resource: string): string {
  const path = resource.replace(/^https?:\/\/[^/]+/u, '').replace(`${entity.href}/`, '');
  const encoded = /^data\/([^/]+)$/u.exec(path)?.[1];
  const model = encoded === undefined ? undefined : entity.data.find(decoded(encoded));
  if (model === undefined || model.refusal !== undefined) {
    throw incompleteRequest('resource must be a readable data item of this entity.', { resource });
  }
  return model.id;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function present(entity: Entity, subscription: Subscription): object {
  return {
    id: subscription.id,
    observed_resource: resourceOf(entity, subscription),
    event_source: `${hrefOf(entity, subscription)}/events`,
    protocol: 'sse',
    interval: subscription.interval,
    expires: new Date(subscription.expiresAt).toISOString(),
  };
}

function presentInList(entity: Entity, subscription: Subscription): object {
  return {
    id: subscription.id,
    resource: resourceOf(entity, subscription),
    subscription: hrefOf(entity, subscription),
    protocol: 'sse',
  };
}

function resourceOf(entity: Entity, subscription: Subscription): string {
  return `${entity.href}/data/${encodeURIComponent(subscription.dataId)}`;
}

function hrefOf(entity: Entity, subscription: Subscription): string {
  return `${entity.href}/cyclic-subscriptions/${subscription.id}`;
}
