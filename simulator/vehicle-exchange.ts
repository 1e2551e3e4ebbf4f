import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Answer } from './answer.js';
import { answerVersionInfo } from './discovery.js';
import type { Ledger, LedgerRecord } from './ledger.js';
import { readBody } from './request-body.js';
import { render, send, sendStream } from './sending.js';
import { incompleteRequest, resourceNotFound, SovdError } from './sovd-error.js';
import { SovdRequest } from './sovd-request.js';
import { answerSovd } from './sovd-server.js';
import type { Encounter, TroubleBook } from './trouble.js';
import { strike } from './trouble-effects.js';
import type { Vehicle } from './vehicle.js';

/** Requests to vehicles, from arrival to the end, with whatever trouble is set for them. */
export class VehicleExchanges {
  readonly #unfinished = new Map<ServerResponse, { readonly key: string; readonly record: LedgerRecord }>();

  constructor(
    private readonly vehicles: ReadonlyMap<string, Vehicle>,
    private readonly ledger: Ledger,
    private readonly troubles: TroubleBook,
  ) {}

  /** Cuts the connections of all exchanges that last: those of one vehicle, or all. */
  cut(vehicle: string | undefined): void {
    for (const [response, { key, record }] of this.#unfinished) {
      if (vehicle !== undefined && key !== vehicle) continue;
      record.end('dropped');
      response.destroy();
    }
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = targetOf(request.url ?? '/');
    const vehicle = this.vehicles.get(target.key);
    const method = request.method ?? 'GET';
    const commandId = textHeader(request.headers['x-command-id']);
    const record = this.ledger.open({
      vehicle: vehicle?.key ?? null,
      method,
      path: target.path,
      query: target.query,
      commandId,
    });
    const encounter = vehicle && this.troubles.meet({ vehicle: vehicle.key, method, path: target.path, commandId });
    if (encounter !== undefined) record.troubles(encounter.kinds);
    this.#follow(response, record, target.key);
    if (encounter?.trouble?.kind === 'offline') {
      await strike(encounter.trouble, { response, record, url: request.url ?? '/', act: unreachable });
      return;
    }

    const bodyText = await readBody(request);
    if (bodyText !== undefined && bodyText !== '') record.body(bodyText);
    const act = (): Answer => {
      const answer = answerTo(vehicle, target, request, bodyText);
      record.changed(answer.changed);
      return answer;
    };
    if (encounter === undefined) return deliver(response, record, act());
    await this.#withTrouble(encounter, { response, record, url: request.url ?? '/', act });
  }

  async #withTrouble(encounter: Encounter, scene: Parameters<typeof strike>[1]): Promise<void> {
    if (encounter.delayMillis > 0) await sleep(encounter.delayMillis, undefined, { ref: false });
    if (encounter.trouble !== undefined) return strike(encounter.trouble, scene);
    return deliver(scene.response, scene.record, scene.act());
  }

  /** Keeps an eye on exchanges that end in another way than by an answer. */
  #follow(response: ServerResponse, record: LedgerRecord, key: string): void {
    this.#unfinished.set(response, { key, record });
    response.once('close', () => {
      this.#unfinished.delete(response);
      record.end('client-closed');
    });
  }
}

async function deliver(response: ServerResponse, record: LedgerRecord, answer: Answer): Promise<void> {
  record.status(answer.status);
  if (answer.frames === undefined) {
    send(response, render(answer));
    record.end('answered');
    return;
  }
  const end = await sendStream(response, answer, answer.frames);
  record.end(end === 'ended' ? 'answered' : 'client-closed');
}

interface Target {
  readonly key: string;
  /** Below the versioned base; the path after the key when it isn't there. */
  readonly path: string;
  readonly query: string;
  readonly isBelowBase: boolean;
}

/** `/{key}/sovd/v1/{path}?{query}`, or the version document beside it: `/{key}/sovd/version-info`. */
function targetOf(url: string): Target {
  const mark = url.indexOf('?');
  const whole = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const slash = whole.indexOf('/', 1);
  const key = slash === -1 ? whole.slice(1) : whole.slice(1, slash);
  const below = slash === -1 ? '' : whole.slice(slash);
  if (below === '/sovd/v1' || below.startsWith('/sovd/v1/')) {
    return { key, path: below.slice('/sovd/v1'.length) || '/', query, isBelowBase: true };
  }
  return { key, path: below === '/sovd/version-info' ? '/version-info' : below, query, isBelowBase: false };
}

function answerTo(
  vehicle: Vehicle | undefined,
  target: Target,
  request: IncomingMessage,
  bodyText: string | undefined,
): Answer {
  try {
    if (vehicle === undefined) throw resourceNotFound(`vehicle ${target.key}`);
    if (bodyText === undefined) throw new SovdError(413, incompleteRequest('The body is too large.').body);
    const method = request.method ?? 'GET';
    const asked = new SovdRequest(method, segmentsOf(target.path), target.query, request.headers, bodyText);
    if (target.isBelowBase) return answerSovd(vehicle, asked);
    if (target.path === '/version-info') return answerVersionInfo(vehicle, asked);
    throw resourceNotFound(target.path);
  } catch (error) {
    if (!(error instanceof SovdError)) throw error;
    return { status: error.status, headers: error.headers, body: error.body, changed: false };
  }
}

function segmentsOf(path: string): readonly string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw incompleteRequest('The path is not percent-encoded correctly.');
  }
}

function textHeader(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function unreachable(): Answer {
  throw new Error('A vehicle that is offline does nothing.');
}
