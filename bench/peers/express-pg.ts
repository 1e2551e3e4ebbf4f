import express, { type Request } from 'express';
import { Pool } from 'pg';
import { z } from 'zod';

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

/** By hand on the same framework: Express and the driver, prepared statements, input checked with zod. */
const pool = new Pool({ connectionString: environment.databaseUrl, max: environment.maxConnections });
const callers = new WeakMap<Request, Caller>();
const id = z.guid();
const page = z.object({ limit: z.coerce.number().int().min(1).max(200).default(50), vehicle_id: id.optional() });
const order = z.object({ vehicle_id: id, command_name: z.string(), command_params: z.record(z.string(), z.unknown()) });

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use((request, response, next) => {
  const caller = callerOf(request.headers.authorization);
  if (caller === undefined) {
    response.status(401).json({});
    return;
  }
  callers.set(request, caller);
  next();
});

app.get('/api/v1/vehicles/:id', async (request, response) => {
  const { rows } = await pool.query<VehicleRow>({ ...oneVehicle, values: [id.parse(request.params.id)] });
  if (rows[0] === undefined) response.status(404).json({});
  else response.json(shownVehicle(rows[0]));
});

app.get('/api/v1/vehicles', async (request, response) => {
  const { limit } = page.parse(request.query);
  const { rows } = await pool.query<VehicleRow>({ ...someVehicles, values: [limit + 1] });
  response.json(shownPage(rows, limit, shownVehicle, vehiclePosition));
});

app.get('/api/v1/commands', async (request, response) => {
  const { limit, vehicle_id: vehicleId } = page.parse(request.query);
  const { rows } = await pool.query<CommandRow>({ ...someCommands, values: [vehicleId, limit + 1] });
  response.json(shownPage(rows, limit, shownCommand, commandPosition));
});

app.post('/api/v1/commands', express.json(), async (request, response) => {
  const input: Order = order.parse(request.body);
  const { rows } = await pool.query<VehicleRow>({ ...oneVehicle, values: [input.vehicle_id] });
  const caller = callers.get(request);
  if (rows[0] === undefined || caller === undefined) {
    response.status(404).json({});
    return;
  }
  if (rows[0].retired_at !== null) {
    response.status(409).json({});
    return;
  }
  const { values, shown } = newCommand(input, caller, request.get('user-agent') ?? '');
  await pool.query({ ...insertCommand, values });
  response.status(202).location(`/api/v1/commands/${shown.command_id}`).json(shown);
});

app.listen(environment.port, '127.0.0.1', tellReady);
