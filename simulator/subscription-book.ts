import { randomUUID } from 'node:crypto';

/** How often the three classes of a cyclic subscription send, in milliseconds. */
export const intervalsMillis = { fast: 50, normal: 200, slow: 500 } as const;
export type IntervalName = keyof typeof intervalsMillis;

/** A wish for events about one data item, until it expires. `ended` stops the streams that are open. */
export interface Subscription {
  readonly id: string;
  readonly dataId: string;
  interval: IntervalName;
  expiresAt: number;
  ended: boolean;
}

const maxSubscriptions = 100;

/** The cyclic subscriptions of an entity. */
export class SubscriptionBook {
  readonly #subscriptions = new Map<string, Subscription>();

  list(): readonly Subscription[] {
    const now = Date.now();
    for (const one of this.#subscriptions.values()) if (one.expiresAt <= now) this.#subscriptions.delete(one.id);
    return [...this.#subscriptions.values()];
  }

  find(id: string): Subscription | undefined {
    return this.list().find((one) => one.id === id);
  }

  get isFull(): boolean {
    return this.list().length >= maxSubscriptions;
  }

  add(dataId: string, interval: IntervalName, durationSeconds: number): Subscription {
    const id = randomUUID();
    const subscription = { id, dataId, interval, expiresAt: Date.now() + durationSeconds * 1000, ended: false };
    this.#subscriptions.set(id, subscription);
    return subscription;
  }

  end(subscription: Subscription): void {
    subscription.ended = true;
    this.#subscriptions.delete(subscription.id);
  }

  endAll(): void {
    for (const subscription of this.#subscriptions.values()) this.end(subscription);
  }
}
