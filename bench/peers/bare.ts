import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import pg from 'pg';
import { v7 } from 'uuid';

import { readAccessToken, type Account } from './access-token.js';
import { readCursor, readLimit, readOrder, readUuid } from './input.js';
import { readPeerSettings } from './peer-settings.js';
import { describeFailure, Refusal } from './refusal.js';
import { requestLine } from './request-line.js';
import { showAccepted, showCommand, showPage, showVehicle, type CommandRow, type VehicleRow } from './shown.js';
import { commandPage, oneVehicle, submitCommand, vehiclePage, type NamedStatement } from './statements.js';
import { openWakeUp } from './wake-up.js';

// The limit: Node's own server, rows as arrays, times that stay texts.

const settings = readPeerSettings();

const parserOf = pg.types.getTypeParser as (type: number, format?: string) => unknown;

/** PostgreSQL's number of the type. */
const timestamptz = 1184;
const pool = new pg.Pool({
  connectionString: settings.databaseUrl,
  max: settings.connections,
  options: '-c timezone=UTC',
  types: { getTypeParser: parserFor as typeof pg.types.getTypeParser },
});
const accountOf = readAccessToken(settings.jwtKey);
const wakeDispatcher = await openWakeUp(settings.databaseUrl);
const logRequest = requestLine(settings.logLevel);
const vehiclePath = '/api/v1/vehicles/';

createServer((request, response) => {
  logRequest(request, response);
  answer(request, response).catch((error: unknown) => {
    const { status, body } = describeFailure(error);
    send(response, status, body);
  });
}).listen(settings.port, '127.0.0.1');

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const account = accountOf(request.headers.authorization);
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  if (request.method === 'POST' && path === '/api/v1/commands') {
    send(response, 202, await submit(request, account));
    return;
  }
  if (request.method !== 'GET') throw new Refusal(404, 'no-such-route');
  if (path === '/api/v1/vehicles') send(response, 200, await listVehicles(query));
  else if (path === '/api/v1/commands') send(response, 200, await listCommands(query));
  else if (path.startsWith(vehiclePath)) send(response, 200, await showOne(path.slice(vehiclePath.length)));
  else throw new Refusal(404, 'no-such-route');
}

async function showOne(id: string): Promise<unknown> {
  const [row] = await rows(oneVehicle(readUuid(id)));
  if (row === undefined) throw new Refusal(404, 'vehicle-not-found');
  return showVehicle(toVehicleRow(row));
}

async function listVehicles(query: URLSearchParams): Promise<unknown> {
  const limit = readLimit(query.get('limit') ?? undefined);
  const found = await rows(vehiclePage(limit, readCursor(query.get('cursor') ?? undefined)));
  return showPage(found.map(toVehicleRow), limit, showVehicle, (row) => ({
    at: new Date(row.created_at),
    id: row.vehicle_id,
  }));
}

async function listCommands(query: URLSearchParams): Promise<unknown> {
  const limit = readLimit(query.get('limit') ?? undefined);
  const vehicleId = readUuid(query.get('vehicle_id'));
  const found = await rows(commandPage(vehicleId, limit, readCursor(query.get('cursor') ?? undefined)));
  return showPage(found.map(toCommandRow), limit, showCommand, (row) => ({
    at: new Date(row.submitted_at),
    id: row.command_id,
  }));
}

async function submit(request: IncomingMessage, account: Account): Promise<unknown> {
  const order = readOrder(await readJson(request));
  const submittedAt = new Date();
  const submission = {
    commandId: v7(),
    logId: v7(),
    userId: account.userId,
    username: account.username,
    submittedAt,
    expiresAt: new Date(submittedAt.getTime() + order.expiresInSeconds * 1000),
    ipAddress: request.socket.remoteAddress ?? null,
    userAgent: request.headers['user-agent'] ?? null,
    requestId: randomUUID(),
  };
  const [vehicle] = await rows(submitCommand(order, submission));
  if (vehicle === undefined) throw new Refusal(404, 'vehicle-not-found');
  if (vehicle[0] !== null) throw new Refusal(409, 'vehicle-retired');
  wakeDispatcher();
  return showAccepted(order, submission);
}

async function rows(statement: NamedStatement): Promise<readonly unknown[][]> {
  const result = await pool.query<unknown[]>({ ...statement, rowMode: 'array' });
  return result.rows;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'malformed-json');
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function parserFor(type: number, format?: 'text' | 'binary'): unknown {
  return type === timestamptz ? isoTime : parserOf(type, format);
}

/** `2026-01-31 12:00:00.123456+00` as `2026-01-31T12:00:00.123Z`. */
function isoTime(text: string): string {
  const fraction = text.slice(20, text.length - 3);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

function toVehicleRow(row: readonly unknown[]): VehicleRow<string> {
  return {
    vehicle_id: row[0],
    vin: row[1],
    make: row[2],
    model: row[3],
    model_year: row[4],
    sovd_base_url: row[5],
    connection_status: row[6],
    last_seen_at: row[7],
    metadata: row[8],
    created_at: row[9],
    updated_at: row[10],
    retired_at: row[11],
    fleet_id: row[12],
    credential_summary: row[13],
  } as VehicleRow<string>;
}

function toCommandRow(row: readonly unknown[]): CommandRow<string> {
  return {
    command_id: row[0],
    user_id: row[1],
    vehicle_id: row[2],
    command_name: row[3],
    command_params: row[4],
    safety: row[5],
    status: row[6],
    error_code: row[7],
    error_message: row[8],
    when_offline: row[9],
    timeout_seconds: row[10],
    expires_at: row[11],
    submitted_at: row[12],
    started_at: row[13],
    completed_at: row[14],
    cancel_requested_at: row[15],
    attempts: row[16],
    response_count: row[17],
    last_event_number: row[18],
    settled_at: row[19],
    settled_by: row[20],
    settlement_reason: row[21],
    responses_purged_at: row[22],
  } as CommandRow<string>;
}
