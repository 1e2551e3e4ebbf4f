import Fastify, { type FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import { callerOf, environment, tellReady } from './environment.js';
import {
  commandPosition,
  shownCommand,
  shownPage,
  shownVehicle,
  vehiclePosition,
  type CommandRow,
  type VehicleRow,
} from './shown.js';
import {
  insertCommand,
  newCommand,
  oneVehicle,
  someCommands,
  someVehicles,
  type Caller,
  type Order,
} from './statements.js';

/** Fastify and the driver: prepared statements, input checked by Fastify's own schemas. */
const pool = new Pool({ connectionString: environment.databaseUrl, max: environment.maxConnections });
const callers = new WeakMap<FastifyRequest, Caller>();
const uuid = { type: 'string', format: 'uuid' };
const params = { type: 'object', required: ['id'], properties: { id: uuid } };
const querystring = {
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 }, vehicle_id: uuid },
};
const body = {
  type: 'object',
  required: ['vehicle_id', 'command_name', 'command_params'],
  properties: { vehicle_id: uuid, command_name: { type: 'string' }, command_params: { type: 'object' } },
};

interface Page {
  readonly limit: number;
  readonly vehicle_id?: string;
}

const app = Fastify({ logger: false });
app.addHook('onRequest', async (request, reply) => {
  const caller = callerOf(request.headers.authorization);
  if (caller === undefined) return reply.code(401).send({});
  callers.set(request, caller);
  return undefined;
});

app.get<{ Params: { readonly id: string } }>('/api/v1/vehicles/:id', { schema: { params } }, async (request, reply) => {
  const { rows } = await pool.query<VehicleRow>({ ...oneVehicle, values: [request.params.id] });
  return rows[0] === undefined ? reply.code(404).send({}) : shownVehicle(rows[0]);
});

app.get<{ Querystring: Page }>('/api/v1/vehicles', { schema: { querystring } }, async ({ query: { limit } }) => {
  const { rows } = await pool.query<VehicleRow>({ ...someVehicles, values: [limit + 1] });
  return shownPage(rows, limit, shownVehicle, vehiclePosition);
});

app.get<{ Querystring: Page }>('/api/v1/commands', { schema: { querystring } }, async ({ query }) => {
  const { rows } = await pool.query<CommandRow>({ ...someCommands, values: [query.vehicle_id, query.limit + 1] });
  return shownPage(rows, query.limit, shownCommand, commandPosition);
});

app.post<{ Body: Order }>('/api/v1/commands', { schema: { body } }, async (request, reply) => {
  const { rows } = await pool.query<VehicleRow>({ ...oneVehicle, values: [request.body.vehicle_id] });
  const caller = callers.get(request);
  if (rows[0] === undefined || caller === undefined) return reply.code(404).send({});
  if (rows[0].retired_at !== null) return reply.code(409).send({});
  const { values, shown } = newCommand(request.body, caller, request.headers['user-agent'] ?? '');
  await pool.query({ ...insertCommand, values });
  return reply.code(202).header('location', `/api/v1/commands/${shown.command_id}`).send(shown);
});

await app.listen({ port: environment.port, host: '127.0.0.1' });
tellReady();
