import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import express, { type ErrorRequestHandler } from 'express';
import pg from 'pg';
import { v7 } from 'uuid';

import { expressMessages } from '#http/express-messages.js';

import { readAccessToken } from './access-token.js';
import { readCursor, readLimit, readOrder, readUuid } from './input.js';
import { readPeerSettings } from './peer-settings.js';
import { describeFailure, Refusal } from './refusal.js';
import { requestLine } from './request-line.js';
import { showAccepted, showCommand, showPage, showVehicle, type CommandRow, type VehicleRow } from './shown.js';
import { commandPage, oneVehicle, submitCommand, vehiclePage } from './statements.js';
import { openWakeUp } from './wake-up.js';

// As one writes it. `--one-shape` has requests and responses made as the service has them (docs/adr/0010).

const settings = readPeerSettings();
const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: settings.connections });
const accountOf = readAccessToken(settings.jwtKey);
const wakeDispatcher = await openWakeUp(settings.databaseUrl);
const logRequest = requestLine(settings.logLevel);

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use((request, response, next) => {
  logRequest(request, response);
  response.locals['account'] = accountOf(request.headers.authorization);
  next();
});
app.use(express.json());

app.get('/api/v1/vehicles/:id', async (request, response) => {
  const { rows } = await pool.query<VehicleRow>(oneVehicle(readUuid(request.params.id)));
  if (rows[0] === undefined) throw new Refusal(404, 'vehicle-not-found');
  response.json(showVehicle(rows[0]));
});

app.get('/api/v1/vehicles', async ({ query }, response) => {
  const limit = readLimit(query['limit']);
  const { rows } = await pool.query<VehicleRow>(vehiclePage(limit, readCursor(query['cursor'])));
  response.json(showPage(rows, limit, showVehicle, (row) => ({ at: row.created_at, id: row.vehicle_id })));
});

app.get('/api/v1/commands', async ({ query }, response) => {
  const limit = readLimit(query['limit']);
  const statement = commandPage(readUuid(query['vehicle_id']), limit, readCursor(query['cursor']));
  const { rows } = await pool.query<CommandRow>(statement);
  response.json(showPage(rows, limit, showCommand, (row) => ({ at: row.submitted_at, id: row.command_id })));
});

app.post('/api/v1/commands', async (request, response) => {
  const account = response.locals['account'] as ReturnType<typeof accountOf>;
  const order = readOrder(request.body);
  const submittedAt = new Date();
  const submission = {
    commandId: v7(),
    logId: v7(),
    userId: account.userId,
    username: account.username,
    submittedAt,
    expiresAt: new Date(submittedAt.getTime() + order.expiresInSeconds * 1000),
    ipAddress: request.ip ?? null,
    userAgent: request.get('user-agent') ?? null,
    requestId: randomUUID(),
  };
  const { rows } = await pool.query<{ readonly retired_at: Date | null }>(submitCommand(order, submission));
  if (rows[0] === undefined) throw new Refusal(404, 'vehicle-not-found');
  if (rows[0].retired_at !== null) throw new Refusal(409, 'vehicle-retired');
  wakeDispatcher();
  response.status(202).json(showAccepted(order, submission));
});

const handleError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const { status, body } = describeFailure(error instanceof SyntaxError ? new Refusal(400, 'malformed-json') : error);
  response.status(status).json(body);
};
app.use(handleError);
const messages = process.argv.includes('--one-shape') ? expressMessages(app) : {};
createServer(messages, app).listen(settings.port, '127.0.0.1');
