import { Refusal } from './refusal.js';

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;
const entityPattern = /^(?:areas|components|apps|functions)\/(?!\.{1,2}$)[^\s/\p{Cc}\p{Cs}][^/\p{Cc}\p{Cs}]*$/u;
const dataIdPattern = /^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]{1,256}$/u;

/** Where a list goes on. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

/** A UUID of the request. Throws a 400. */
export function readUuid(text: unknown): string {
  if (typeof text !== 'string' || !uuidPattern.test(text)) throw invalid();
  return text.toLowerCase();
}

/** How many items a list may give: 1 to 200. Throws a 400. */
export function readLimit(text: unknown): number {
  if (text === undefined) return 50;
  const limit = typeof text === 'string' && /^\d{1,9}$/u.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 200) throw invalid();
  return limit;
}

/** The position in `next_cursor` of the page before. Throws a 400. */
export function readCursor(text: unknown): Position | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || text.length > 256) throw invalid();
  const [time = '', id = ''] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  const at = new Date(/^\d{1,15}$/u.test(time) ? Number(time) : Number.NaN);
  if (Number.isNaN(at.getTime())) throw invalid();
  return { at, id: readUuid(id) };
}

/** An order to read data items, with what the service takes when the client says nothing. */
export interface Order {
  readonly vehicleId: string;
  readonly parameters: { readonly entity: string; readonly data_ids: readonly string[] };
  readonly timeoutSeconds: number;
  readonly expiresInSeconds: number;
  readonly whenOffline: 'fail' | 'queue';
}

/** Checks an order; of the catalogue the peers know `read-data` alone. Throws a 400. */
export function readOrder(body: unknown): Order {
  const order = readObject(body);
  if (order['command_name'] !== 'read-data') throw invalid();
  const whenOffline = order['when_offline'] ?? 'queue';
  if (whenOffline !== 'fail' && whenOffline !== 'queue') throw invalid();
  return {
    vehicleId: readUuid(order['vehicle_id']),
    parameters: readParameters(order['command_params']),
    timeoutSeconds: readWholeNumber(order['timeout_seconds'], 30, 3600),
    expiresInSeconds: readWholeNumber(order['expires_in_seconds'], 3600, 86_400),
    whenOffline,
  };
}

function readParameters(value: unknown): Order['parameters'] {
  const { entity, data_ids: dataIds, ...others } = readObject(value);
  if (typeof entity !== 'string' || entity.length > 256 || !entityPattern.test(entity)) throw invalid();
  if (!Array.isArray(dataIds) || dataIds.length < 1 || dataIds.length > 100) throw invalid();
  if (!dataIds.every((id): id is string => typeof id === 'string' && dataIdPattern.test(id))) throw invalid();
  if (new Set(dataIds).size < dataIds.length || Object.keys(others).length > 0) throw invalid();
  return { entity, data_ids: dataIds };
}

function readObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid();
  return value as Record<string, unknown>;
}

function readWholeNumber(value: unknown, fallback: number, maximum: number): number {
  const number = value ?? fallback;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > maximum) throw invalid();
  return number;
}

function invalid(): Refusal {
  return new Refusal(400, 'invalid-request');
}
