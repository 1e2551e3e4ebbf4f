import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

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
import { insertCommand, newCommand, oneVehicle, someCommands, someVehicles, type Order } from './statements.js';

/** The limit: node:http and the driver, prepared statements, one round trip for each request. */
const pool = new Pool({ connectionString: environment.databaseUrl, max: environment.maxConnections });

createServer((request, response) => {
  answer(request, response).catch(() => send(response, 500, {}));
}).listen(environment.port, '127.0.0.1', tellReady);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const caller = callerOf(request.headers.authorization);
  if (caller === undefined) {
    send(response, 401, {});
    return;
  }
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const limit = Number(parameters.get('limit') ?? 50);
  if (request.method === 'POST' && path === '/api/v1/commands') {
    const { values, shown } = newCommand(await readOrder(request), caller, request.headers['user-agent'] ?? '');
    try {
      await pool.query({ ...insertCommand, values });
    } catch (error) {
      // The foreign key says whether there is such a vehicle.
      if (Reflect.get(Object(error), 'code') !== '23503') throw error;
      send(response, 404, {});
      return;
    }
    send(response, 202, shown, { location: `/api/v1/commands/${shown.command_id}` });
  } else if (path === '/api/v1/vehicles') {
    const { rows } = await pool.query<VehicleRow>({ ...someVehicles, values: [limit + 1] });
    send(response, 200, shownPage(rows, limit, shownVehicle, vehiclePosition));
  } else if (path === '/api/v1/commands') {
    const values = [parameters.get('vehicle_id'), limit + 1];
    const { rows } = await pool.query<CommandRow>({ ...someCommands, values });
    send(response, 200, shownPage(rows, limit, shownCommand, commandPosition));
  } else {
    const values = [path.slice('/api/v1/vehicles/'.length)];
    const { rows } = await pool.query<VehicleRow>({ ...oneVehicle, values });
    if (rows[0] === undefined) send(response, 404, {});
    else send(response, 200, shownVehicle(rows[0]));
  }
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(text);
}

async function readOrder(request: IncomingMessage): Promise<Order> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Order;
}
