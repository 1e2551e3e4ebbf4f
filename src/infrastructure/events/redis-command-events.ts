import { randomUUID } from 'node:crypto';

import type { Revocation } from '#application/domain/revocation.js';
import type { CommandEvents, CommandNews, Unsubscribe } from '#application/ports/command-events.js';
import type { Log, LogFields } from '#application/ports/log.js';
import type { RevocationEvents } from '#application/ports/revocation-events.js';
import type { Secret } from '#config/secret.js';

import { CommandListeners, type CommandListener } from './command-listeners.js';
import { CountedWarning } from './counted-warning.js';
import { RedisLink, settledWithin } from './redis-link.js';
import { readRevocationMessage, writeRevocationMessage } from './revocation-message.js';

interface Dependencies {
  readonly url: Secret;
  readonly log: Log;
}

const channelPrefix = 'sovd-fleet:command:';
const revocationChannel = 'sovd-fleet:revocations';
/** Keeps messages small when somebody ends thousands of sessions at once. */
const maxRevocationsOfMessage = 500;
/** How long a subscriber waits for Redis before it is served with the news of this instance alone. */
const subscribeMillis = 800;
const aliveMillis = 800;
const closeMillis = 500;
const warningSeconds = 10;
/** News that Redis hasn't acknowledged; more means that it doesn't keep up, and memory is worth more than punctuality. */
const maxUnacknowledged = 10_000;

/**
 * Events over Redis pub/sub, for any number of instances: one connection to publish, one to subscribe, a channel per
 * command that somebody here listens to, and one for revocations. Listeners of this instance are told of its commands
 * directly, so they don't depend on Redis.
 *
 * SUBSCRIBE and UNSUBSCRIBE go over one connection and Redis keeps their order; so each is sent the moment the first
 * listener comes or the last one goes, and the channel ends up as the last of them says, however fast they follow.
 * A new connection subscribes to everything that is listened to at that moment.
 */
export class RedisCommandEvents implements CommandEvents, RevocationEvents {
  /** Tells own news, which come back over the channel, from those of others. */
  readonly #instanceId = randomUUID();
  readonly #listeners: CommandListeners;
  readonly #publisher: RedisLink;
  readonly #subscriber: RedisLink;
  readonly #droppedWarning: CountedWarning;
  readonly #garbageWarning: CountedWarning;
  readonly #refusalWarning: CountedWarning;
  /** By command id: settles when Redis has answered the SUBSCRIBE that was sent last. */
  readonly #subscriptions = new Map<string, Promise<unknown>>();
  readonly #unacknowledged = new Set<Promise<unknown>>();
  #revocationListener: ((revocations: readonly Revocation[]) => void) | undefined;
  #isClosed = false;

  constructor({ url, log }: Dependencies) {
    this.#listeners = new CommandListeners(log);
    this.#droppedWarning = new CountedWarning({
      log,
      message: 'Events for other instances were dropped because Redis cannot take them.',
      intervalSeconds: warningSeconds,
    });
    this.#garbageWarning = new CountedWarning({
      log,
      message: 'Messages on an event channel were ignored because they are not ours.',
      intervalSeconds: warningSeconds,
    });
    this.#refusalWarning = new CountedWarning({
      log,
      message: 'Redis refuses to subscribe to event channels. Events of other instances come late.',
      intervalSeconds: warningSeconds,
    });
    this.#publisher = new RedisLink({ url, log, purpose: 'publish', onReady: () => this.#droppedWarning.flush() });
    this.#subscriber = new RedisLink({ url, log, purpose: 'subscribe', onReady: () => this.#subscribeAll() });
    this.#subscriber.client.on('message', (channel: string, message: string) => this.#receive(channel, message));
  }

  publish(news: CommandNews): void {
    if (this.#isClosed) return;
    this.#listeners.tell(news);
    const message = JSON.stringify({ from: this.#instanceId, event_number: news.eventNumber });
    this.#publish(`${channelPrefix}${news.commandId}`, message, { command_id: news.commandId });
  }

  publishRevocations(revocations: readonly Revocation[]): void {
    if (this.#isClosed) return;
    for (let start = 0; start < revocations.length; start += maxRevocationsOfMessage) {
      const part = revocations.slice(start, start + maxRevocationsOfMessage);
      this.#publish(revocationChannel, writeRevocationMessage({ from: this.#instanceId, revocations: part }), {});
    }
  }

  listenForRevocations(listener: (revocations: readonly Revocation[]) => void): void {
    this.#revocationListener = listener;
    this.#subscribeToRevocations();
  }

  async subscribe(commandId: string, listener: CommandListener): Promise<Unsubscribe> {
    if (this.#isClosed) return () => {};
    const isFirst = !this.#listeners.has(commandId);
    const remove = this.#listeners.add(commandId, listener);
    if (isFirst) this.#subscribeChannels([commandId]);
    await settledWithin(this.#subscriptions.get(commandId) ?? Promise.resolve(), subscribeMillis);
    return () => {
      const wasListenedTo = this.#listeners.has(commandId);
      remove();
      if (wasListenedTo && !this.#listeners.has(commandId)) this.#unsubscribeChannel(commandId);
    };
  }

  async isConnected(): Promise<boolean> {
    if (this.#isClosed) return false;
    const answers = await Promise.all([this.#publisher.isAlive(aliveMillis), this.#subscriber.isAlive(aliveMillis)]);
    return answers.every((isAlive) => isAlive);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners.clear();
    this.#revocationListener = undefined;
    this.#subscriptions.clear();
    await settledWithin(Promise.all(this.#unacknowledged), closeMillis);
    await Promise.all([this.#publisher.close(), this.#subscriber.close()]);
  }

  #publish(channel: string, message: string, fields: LogFields): void {
    if (!this.#publisher.isReady || this.#unacknowledged.size >= maxUnacknowledged) {
      this.#droppedWarning.note(fields);
      return;
    }
    const sent = this.#publisher.client
      .publish(channel, message)
      .catch((error: unknown) => this.#droppedWarning.note({ ...fields, err: error }))
      .finally(() => this.#unacknowledged.delete(sent));
    this.#unacknowledged.add(sent);
  }

  #subscribeAll(): void {
    this.#subscribeToRevocations();
    const commandIds = this.#listeners.commandIds;
    if (commandIds.length > 0) this.#subscribeChannels(commandIds);
  }

  #subscribeChannels(commandIds: readonly string[]): void {
    const channels = commandIds.map((id) => `${channelPrefix}${id}`);
    const answer = this.#subscribeTo(channels);
    for (const commandId of commandIds) this.#subscriptions.set(commandId, answer);
  }

  #subscribeToRevocations(): void {
    if (this.#revocationListener !== undefined) void this.#subscribeTo([revocationChannel]);
  }

  #subscribeTo(channels: readonly string[]): Promise<unknown> {
    return this.#subscriber.client.subscribe(...channels).catch((error: unknown) => {
      // Without a connection it fails at once, and the next connection subscribes.
      if (this.#subscriber.isReady) this.#refusalWarning.note({ err: error });
    });
  }

  #unsubscribeChannel(commandId: string): void {
    this.#subscriptions.delete(commandId);
    this.#subscriber.client.unsubscribe(`${channelPrefix}${commandId}`).catch(() => {});
  }

  #receive(channel: string, message: string): void {
    if (channel === revocationChannel) this.#receiveRevocations(message);
    else this.#receiveNews(channel, message);
  }

  #receiveRevocations(message: string): void {
    const received = readRevocationMessage(message);
    if (received === undefined) this.#garbageWarning.note({ channel: revocationChannel });
    else if (received.from !== this.#instanceId) this.#revocationListener?.(received.revocations);
  }

  #receiveNews(channel: string, message: string): void {
    const received = parseMessage(message);
    if (received === undefined) {
      this.#garbageWarning.note({ channel });
      return;
    }
    if (received.from === this.#instanceId) return;
    this.#listeners.tell({ commandId: channel.slice(channelPrefix.length), eventNumber: received.eventNumber });
  }
}

function parseMessage(message: string): { readonly from: string; readonly eventNumber: number } | undefined {
  const value = parseJson(message);
  if (typeof value !== 'object' || value === null || !('from' in value) || !('event_number' in value)) return undefined;
  const { from, event_number: eventNumber } = value;
  if (typeof from !== 'string' || typeof eventNumber !== 'number') return undefined;
  return Number.isSafeInteger(eventNumber) && eventNumber >= 0 ? { from, eventNumber } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
