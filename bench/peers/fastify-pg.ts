import { randomUUID } from 'node:crypto';

import fastify, { type FastifyRequest } from 'fastify';
import pg from 'pg';
import { v7 } from 'uuid';

import { readAccessToken, type Account } from './access-token.js';
import { readCursor, readLimit, readOrder, readUuid } from './input.js';
import { readPeerSettings } from './peer-settings.js';
import { describeFailure, Refusal } from './refusal.js';
import { requestLine } from './request-line.js';
import { commandSchema, pageSchema, vehicleSchema } from './fastify-schemas.js';
import { showAccepted, showCommand, showPage, showVehicle, type CommandRow, type VehicleRow } from './shown.js';
import { commandPage, oneVehicle, submitCommand, vehiclePage } from './statements.js';
import { openWakeUp } from './wake-up.js';

type Query = Readonly<Record<string, unknown>>;

const settings = readPeerSettings();
const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: settings.connections });
const accountOf = readAccessToken(settings.jwtKey);
const wakeDispatcher = await openWakeUp(settings.databaseUrl);
const logRequest = requestLine(settings.logLevel);
const accounts = new WeakMap<FastifyRequest, Account>();

const app = fastify({ logger: false });
app.addHook('onRequest', (request, reply, done) => {
  logRequest(request.raw, reply.raw);
  accounts.set(request, accountOf(request.headers.authorization));
  done();
});

app.get('/api/v1/vehicles/:id', { schema: { response: { 200: vehicleSchema } } }, async (request) => {
  const { id } = request.params as { readonly id: string };
  const { rows } = await pool.query<VehicleRow>(oneVehicle(readUuid(id)));
  if (rows[0] === undefined) throw new Refusal(404, 'vehicle-not-found');
  return showVehicle(rows[0]);
});

app.get('/api/v1/vehicles', { schema: { response: { 200: pageSchema(vehicleSchema) } } }, async (request) => {
  const query = request.query as Query;
  const limit = readLimit(query['limit']);
  const { rows } = await pool.query<VehicleRow>(vehiclePage(limit, readCursor(query['cursor'])));
  return showPage(rows, limit, showVehicle, (row) => ({ at: row.created_at, id: row.vehicle_id }));
});

app.get('/api/v1/commands', { schema: { response: { 200: pageSchema(commandSchema) } } }, async (request) => {
  const query = request.query as Query;
  const limit = readLimit(query['limit']);
  const statement = commandPage(readUuid(query['vehicle_id']), limit, readCursor(query['cursor']));
  const { rows } = await pool.query<CommandRow>(statement);
  return showPage(rows, limit, showCommand, (row) => ({ at: row.submitted_at, id: row.command_id }));
});

app.post('/api/v1/commands', { schema: { response: { 202: commandSchema } } }, async (request, reply) => {
  const account = accounts.get(request);
  if (account === undefined) throw new Refusal(401, 'not-authenticated');
  const order = readOrder(request.body);
  const submittedAt = new Date();
  const submission = {
    commandId: v7(),
    logId: v7(),
    userId: account.userId,
    username: account.username,
    submittedAt,
    expiresAt: new Date(submittedAt.getTime() + order.expiresInSeconds * 1000),
    ipAddress: request.ip,
    userAgent: request.headers['user-agent'] ?? null,
    requestId: randomUUID(),
  };
  const { rows } = await pool.query<{ readonly retired_at: Date | null }>(submitCommand(order, submission));
  if (rows[0] === undefined) throw new Refusal(404, 'vehicle-not-found');
  if (rows[0].retired_at !== null) throw new Refusal(409, 'vehicle-retired');
  wakeDispatcher();
  reply.status(202);
  return showAccepted(order, submission);
});

app.setErrorHandler(async (error, _request, reply) => {
  const isUnread = error instanceof SyntaxError || (error as { readonly statusCode?: number }).statusCode === 400;
  const { status, body } = describeFailure(isUnread ? new Refusal(400, 'malformed-json') : error);
  return reply.status(status).send(body);
});
await app.listen({ port: settings.port, host: '127.0.0.1' });
