import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';

import { type Answer, created, done, noContent, ok } from './answer.js';
import { faultSettingShape, setFault } from './fault-setting.js';
import type { Ledger, LedgerEntry, LedgerFilter } from './ledger.js';
import { toCamelCase, toSnakeCase } from './naming.js';
import { readBody } from './request-body.js';
import { render, send } from './sending.js';
import { incompleteRequest, resourceNotFound, SovdError } from './sovd-error.js';
import { byMethod, SovdRequest } from './sovd-request.js';
import { type Trouble, type TroubleBook, troubleShape } from './trouble.js';
import type { Vehicle } from './vehicle.js';

/** What the control endpoint steers. */
export interface Controlled {
  readonly vehicles: ReadonlyMap<string, Vehicle>;
  readonly troubles: TroubleBook;
  readonly ledger: Ledger;
  /** Resets one vehicle, or everything with troubles and ledger. */
  readonly reset: (vehicle?: string) => void;
  /** When set, every request to the control endpoint must carry it as a bearer token. */
  readonly controlToken?: string;
}

export const controlPath = '/_control';
const largestPage = 10_000;

const conditionsShape = z.strictObject({
  speedKmh: z.number().min(0).max(300).optional(),
  poweredOn: z.boolean().optional(),
});
const ledgerQuery = z.strictObject({
  vehicle: z.string().optional(),
  commandId: z.string().optional(),
  method: z.string().toUpperCase().optional(),
  pathPrefix: z.string().optional(),
  changed: z.stringbool().optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(largestPage).default(largestPage),
});

/** Answers a request below `/_control`; the bodies are snake_case JSON, errors as SOVD has them. */
export async function serveControl(
  controlled: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bodyText = await readBody(request);
  send(response, render(answerControl(controlled, request, bodyText)));
}

function answerControl(controlled: Controlled, request: IncomingMessage, bodyText: string | undefined): Answer {
  try {
    demandToken(request.headers.authorization, controlled.controlToken);
    if (bodyText === undefined) throw new SovdError(413, incompleteRequest('The body is too large.').body);
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const segments = path.slice(controlPath.length).split('/').filter(Boolean);
    return route(controlled, new SovdRequest(request.method ?? 'GET', segments, query, request.headers, bodyText));
  } catch (error) {
    if (!(error instanceof SovdError)) throw error;
    return { status: error.status, headers: error.headers, body: error.body, changed: false };
  }
}

function demandToken(authorization: string | undefined, token: string | undefined): void {
  if (token === undefined) return;
  const given = Buffer.from(authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw new SovdError(401, { error_code: 'insufficient-access-rights', message: 'The control token is missing.' });
}

function route(controlled: Controlled, request: SovdRequest): Answer {
  const [section, id, detail, ...rest] = request.segments;
  if (rest.length > 0) throw resourceNotFound(request.segments.join('/'));
  if (section === 'troubles' && detail === undefined) return answerTroubles(controlled.troubles, request, id);
  if (section === 'ledger' && id === undefined) return answerLedger(controlled.ledger, request);
  if (section === 'reset' && id === undefined) return byMethod(request, { POST: () => reset(controlled, request) });
  if (section === 'vehicles' && id === undefined) {
    return byMethod(request, { GET: () => ok({ items: [...controlled.vehicles.values()].map(presentVehicle) }) });
  }
  if (section === 'vehicles' && id !== undefined) return answerVehicle(controlled, request, id, detail);
  throw resourceNotFound(request.segments.join('/'));
}

function answerTroubles(book: TroubleBook, request: SovdRequest, id: string | undefined): Answer {
  if (id !== undefined) {
    const remove = (): Answer => {
      if (!book.remove(id)) throw resourceNotFound(`trouble ${id}`);
      return noContent();
    };
    return byMethod(request, { DELETE: remove });
  }
  const shape = z.preprocess(toCamelCase, troubleShape);
  return byMethod(request, {
    GET: () => ok({ items: book.list().map(toSnakeCase) }),
    POST: () => {
      const trouble = book.add(request.read(shape));
      return created(`${controlPath}/troubles/${trouble.id}`, presentTrouble(trouble));
    },
    PUT: () => {
      const { items } = request.read(z.strictObject({ items: z.array(shape) }));
      book.clear();
      return done({ items: items.map((item) => presentTrouble(book.add(item))) });
    },
    DELETE: () => {
      book.clear(request.query.get('vehicle') ?? undefined);
      return noContent();
    },
  });
}

function answerLedger(ledger: Ledger, request: SovdRequest): Answer {
  return byMethod(request, {
    GET: () => {
      const filter = ledgerFilter(request.query);
      const items = ledger.entries(filter);
      const nextAfter = items.length === filter.limit ? (items.at(-1)?.number ?? null) : null;
      return ok({
        items: items.map(presentEntry),
        next_after: nextAfter,
        capacity: ledger.capacity,
        dropped: ledger.dropped,
      });
    },
    DELETE: () => {
      ledger.clear();
      return noContent();
    },
  });
}

function ledgerFilter(query: URLSearchParams): LedgerFilter & { readonly limit: number } {
  const parsed = ledgerQuery.safeParse(toCamelCase(Object.fromEntries(query)));
  if (!parsed.success) throw incompleteRequest(z.prettifyError(parsed.error));
  const { limit, ...filter } = parsed.data;
  return { ...withoutUndefined(filter), limit };
}

function answerVehicle(controlled: Controlled, request: SovdRequest, key: string, detail: string | undefined): Answer {
  const vehicle = controlled.vehicles.get(key);
  if (vehicle === undefined) throw resourceNotFound(`vehicle ${key}`);
  if (detail === undefined) return byMethod(request, { GET: () => ok(presentVehicle(vehicle)) });
  if (detail === 'faults') return byMethod(request, { POST: () => addFault(vehicle, request) });
  if (detail !== 'conditions') throw resourceNotFound(`vehicles/${key}/${detail}`);
  return byMethod(request, {
    GET: () => ok(toSnakeCase(vehicle.conditions)),
    PUT: () => {
      const wanted = request.read(z.preprocess(toCamelCase, conditionsShape));
      vehicle.conditions = { ...vehicle.conditions, ...withoutUndefined(wanted) };
      return done(toSnakeCase(vehicle.conditions));
    },
  });
}

function addFault(vehicle: Vehicle, request: SovdRequest): Answer {
  setFault(vehicle, request.read(z.preprocess(toCamelCase, faultSettingShape)));
  return noContent();
}

function reset(controlled: Controlled, request: SovdRequest): Answer {
  const key = request.query.get('vehicle') ?? undefined;
  if (key !== undefined && !controlled.vehicles.has(key)) throw resourceNotFound(`vehicle ${key}`);
  controlled.reset(key);
  return noContent();
}

function presentVehicle(vehicle: Vehicle): object {
  const { make, model, modelYear } = vehicle.car;
  return { key: vehicle.key, vin: vehicle.vin, make, model, model_year: modelYear, sovd_base_url: vehicle.baseUrl };
}

function presentTrouble(trouble: Trouble): unknown {
  return toSnakeCase(trouble);
}

function presentEntry(entry: LedgerEntry): unknown {
  return toSnakeCase({ ...entry, at: entry.at.toISOString() });
}

/** Fields that zod left undefined are taken out, so that they don't hide what they are laid over. */
function withoutUndefined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
}
