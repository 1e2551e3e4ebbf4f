import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import type { Overrides } from '#src/composition.js';
import type { TestDatabase } from '#support/database.js';
import { addUser, startProgram, testPassword, type LoggedIn, type RunningProgram } from '#support/program.js';

/** The service with real things of every sort, made on demand, for tests that walk over all operations. */
export interface Showroom {
  readonly service: RunningProgram;
  readonly admin: LoggedIn;
  readonly database: TestDatabase;
  /** Base of a simulated vehicle that answers. */
  readonly answeringBase: string;
  /** Base of a vehicle that takes requests and never answers. */
  readonly silentBase: string;
  /** A path parameter with this name: the id of something new that is really there. */
  readonly make: (parameter: string) => Promise<string>;
  /** The names for which it can make something. */
  readonly makeable: readonly string[];
  readonly newVehicle: (base?: string) => Promise<string>;
  /** A command that has ended. */
  readonly newCommand: () => Promise<string>;
  /** A command that its vehicle doesn't answer. */
  readonly newRunningCommand: () => Promise<string>;
  /** A command of which nobody can know how it ended. */
  readonly newUnknownCommand: () => Promise<string>;
  readonly call: RunningProgram['call'];
  readonly close: () => Promise<void>;
}

/** Opens it on an empty database. `databaseUrl` may be another way to the same database. */
export async function openShowroom(
  database: TestDatabase,
  variables: Readonly<Record<string, string>> = {},
  databaseUrl = database.url,
  overrides: Overrides = {},
): Promise<Showroom> {
  const simulator = await startSimulator({ vehicles: 2, executionMillis: 50 });
  const silent = await startSilentServer();
  const service = await startProgram(databaseUrl, { DISPATCH_DRAIN_SECONDS: '1', ...variables }, overrides);
  const admin = await service.logInAs('admin');
  const answeringBase = baseOf(simulator);
  const { call } = service;

  const created = async (path: string, body: unknown): Promise<any> => {
    const answer = await call(admin.token, 'POST', path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const newVehicle = async (base = answeringBase): Promise<string> =>
    (await created('/vehicles', newVehicleBody(base))).vehicle_id as string;
  const order = async (vehicleId: string, name: string): Promise<string> =>
    (await created('/commands', { vehicle_id: vehicleId, command_name: name })).command_id as string;
  const newCommand = async (): Promise<string> => {
    const body = { vehicle_id: await newVehicle(), command_name: 'discover' };
    const answer = await call(admin.token, 'POST', '/commands', body, { prefer: 'wait=20' });
    return answer.body.command_id as string;
  };

  const newUnknownCommand = async (): Promise<string> => {
    const id = await newCommand();
    await database.query(`update commands set status = 'outcome_unknown' where command_id = $1`, [id]);
    return id;
  };

  /** One line for each name that a path parameter can have. */
  const makers: Readonly<Record<string, () => Promise<string>>> = {
    vehicle_id: () => newVehicle(),
    command_id: newCommand,
    name: () => Promise.resolve('discover'),
    session_id: () => Promise.resolve(randomUUID()),
    fleet_id: async () => (await created('/fleets', { name: `fleet ${randomUUID()}` })).fleet_id as string,
    user_id: async () => (await addUser(databaseUrl, 'viewer')).userId,
  };

  return {
    ...{ service, admin, database, answeringBase, newVehicle, newCommand, newUnknownCommand, call },
    silentBase: silent.base,
    newRunningCommand: async () => order(await newVehicle(silent.base), 'discover'),
    makeable: Object.keys(makers),
    make: (parameter) => {
      const maker = makers[parameter];
      if (maker === undefined) {
        throw new Error(`test/http/contract/showroom.ts: tell in "makers" how to make something for {${parameter}}`);
      }
      return maker();
    },
    close: async () => {
      await service.stop();
      await simulator.close();
      await silent.close();
    },
  };
}

/** A registration of a vehicle that nobody has. */
export function newVehicleBody(base: string) {
  const serial = randomBytes(4).readUInt32BE().toString().padStart(12, '0').slice(-12);
  return { vin: `WVWZZ${serial}`, make: 'Meridian', model: 'Tourer', model_year: 2024, sovd_base_url: base };
}

/** What stands in an example for something that must really be there, or must not be there yet, by the name of its field. */
export async function realValue(room: Showroom, field: string): Promise<unknown> {
  switch (field) {
    case 'vehicle_id':
    case 'user_id':
    case 'fleet_id':
      return room.make(field);
    case 'sovd_base_url':
      return room.answeringBase;
    case 'vin':
      return newVehicleBody('').vin;
    case 'username':
      return `user-${randomUUID().slice(0, 8)}`;
    case 'email':
      return `${randomUUID()}@example.com`;
    case 'refresh_token':
      return (await room.service.logInAs('viewer')).refreshToken;
    default:
      return undefined;
  }
}

/** The password of every user that is made here. */
export const password = testPassword;

function baseOf({ vehicles: [vehicle] }: Simulator): string {
  if (vehicle === undefined) throw new Error('the simulator has no vehicle');
  return vehicle.baseUrl;
}

async function startSilentServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sovd/v1`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
