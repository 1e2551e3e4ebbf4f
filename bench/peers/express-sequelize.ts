import { createSecretKey, randomUUID } from 'node:crypto';

import express, { type Request } from 'express';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { DataTypes, Sequelize, type Model, type ModelAttributes } from 'sequelize';

import { environment, tellReady, tokenRules } from './environment.js';
import {
  commandPosition,
  shownCommand,
  shownPage,
  shownVehicle,
  vehiclePosition,
  type CommandRow,
  type VehicleRow,
} from './shown.js';
import type { Order } from './statements.js';

/**
 * The usual way, as the documentation of Express, Sequelize and passport-jwt shows it: a managed transaction for each
 * request, instances of models, the user loaded for each request. The secret is a text, as there, unless `JWT_KEY=object`.
 */
const sequelize = new Sequelize(environment.databaseUrl, { logging: false, pool: { max: environment.maxConnections } });

const table = (name: string, key: string, columns: ModelAttributes): ReturnType<typeof sequelize.define> =>
  sequelize.define(
    name,
    { [key]: { type: DataTypes.UUID, primaryKey: true }, ...columns },
    { tableName: name, timestamps: false },
  );

const { DATE, INTEGER, JSONB, TEXT, UUID, BOOLEAN, INET } = DataTypes;

const User = table('users', 'user_id', { username: TEXT, email: TEXT, role: TEXT, is_active: BOOLEAN });

const Vehicle = table('vehicles', 'vehicle_id', {
  vin: TEXT,
  make: TEXT,
  model: TEXT,
  model_year: INTEGER,
  sovd_base_url: TEXT,
  connection_status: TEXT,
  last_seen_at: DATE,
  metadata: JSONB,
  created_at: DATE,
  updated_at: DATE,
  retired_at: DATE,
});

const Command = table('commands', 'command_id', {
  user_id: UUID,
  vehicle_id: UUID,
  command_name: TEXT,
  command_params: JSONB,
  safety: TEXT,
  status: TEXT,
  error_code: TEXT,
  error_message: TEXT,
  when_offline: TEXT,
  timeout_seconds: INTEGER,
  expires_at: DATE,
  submitted_at: DATE,
  started_at: DATE,
  completed_at: DATE,
  cancel_requested_at: DATE,
  attempts: INTEGER,
  response_count: INTEGER,
  last_event_number: INTEGER,
  lease_number: INTEGER,
});

const Transition = table('command_transitions', 'command_id', {
  event_number: { type: INTEGER, primaryKey: true },
  to_status: TEXT,
  occurred_at: DATE,
  actor: TEXT,
  reason: TEXT,
});

const AuditLog = table('audit_logs', 'log_id', {
  occurred_at: DATE,
  actor_kind: TEXT,
  user_id: UUID,
  username: TEXT,
  action: TEXT,
  entity_type: TEXT,
  entity_id: TEXT,
  vehicle_id: UUID,
  command_id: UUID,
  outcome: TEXT,
  details: JSONB,
  ip_address: INET,
  user_agent: TEXT,
  request_id: TEXT,
});

const secret = process.env['JWT_KEY'] === 'object' ? createSecretKey(Buffer.from(environment.secret)) : undefined;
passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: (secret ?? environment.secret) as string,
      algorithms: [...tokenRules.algorithms],
      issuer: tokenRules.issuer,
      audience: tokenRules.audience,
    },
    (payload: { readonly sub: string }, done) => {
      User.findByPk(payload.sub).then(
        (user) => done(null, user?.get('is_active') === true ? user : false),
        (error: unknown) => done(error, false),
      );
    },
  ),
);

const plain = (instance: Model): unknown => instance.get({ plain: true });
/** What was just made has no columns that nobody set. */
const shownNew = ({ lease_number: _lease, ...row }: CommandRow & { readonly lease_number: number }): object =>
  shownCommand({
    started_at: null,
    completed_at: null,
    cancel_requested_at: null,
    ...row,
    error_code: null,
    error_message: null,
  } as CommandRow);

const limitOf = (request: Request): number => Number(request.query['limit'] ?? 50);

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());
app.use(passport.authenticate('jwt', { session: false }));

app.get('/api/v1/vehicles/:id', async (request, response) => {
  const vehicle = await sequelize.transaction((transaction) => Vehicle.findByPk(request.params.id, { transaction }));
  if (vehicle === null) response.status(404).json({});
  else response.json(shownVehicle(plain(vehicle) as VehicleRow));
});

app.get('/api/v1/vehicles', async (request, response) => {
  const limit = limitOf(request);
  const vehicles = await sequelize.transaction((transaction) =>
    Vehicle.findAll({
      where: { retired_at: null },
      order: [
        ['created_at', 'DESC'],
        ['vehicle_id', 'DESC'],
      ],
      limit: limit + 1,
      transaction,
    }),
  );
  response.json(shownPage(vehicles.map(plain) as VehicleRow[], limit, shownVehicle, vehiclePosition));
});

app.get('/api/v1/commands', async (request, response) => {
  const limit = limitOf(request);
  const commands = await sequelize.transaction((transaction) =>
    Command.findAll({
      attributes: { exclude: ['lease_number'] },
      where: { vehicle_id: request.query['vehicle_id'] },
      order: [
        ['submitted_at', 'DESC'],
        ['command_id', 'DESC'],
      ],
      limit: limit + 1,
      transaction,
    }),
  );
  response.json(shownPage(commands.map(plain) as CommandRow[], limit, shownCommand, commandPosition));
});

app.post('/api/v1/commands', async (request, response) => {
  const order = request.body as Order;
  const user = plain(request.user as Model) as { readonly user_id: string; readonly username: string };
  const command = await sequelize.transaction(async (transaction) => {
    const vehicle = await Vehicle.findByPk(order.vehicle_id, { transaction });
    if (vehicle?.get('retired_at') !== null) return undefined;
    const now = new Date();
    const id = randomUUID();
    const created = await Command.create(
      {
        command_id: id,
        user_id: user.user_id,
        vehicle_id: order.vehicle_id,
        command_name: order.command_name,
        command_params: order.command_params,
        safety: 'safe',
        status: 'pending',
        when_offline: 'queue',
        timeout_seconds: 30,
        expires_at: new Date(now.getTime() + 3_600_000),
        submitted_at: now,
        attempts: 0,
        response_count: 0,
        last_event_number: 1,
        lease_number: 0,
      },
      { transaction },
    );
    await Transition.create(
      {
        command_id: id,
        event_number: 1,
        to_status: 'pending',
        occurred_at: now,
        actor: user.username,
        reason: 'submitted',
      },
      { transaction },
    );
    await AuditLog.create(
      {
        log_id: randomUUID(),
        occurred_at: now,
        actor_kind: 'user',
        user_id: user.user_id,
        username: user.username,
        action: 'command.submit',
        entity_type: 'command',
        entity_id: id,
        vehicle_id: order.vehicle_id,
        command_id: id,
        outcome: 'success',
        details: { command_name: order.command_name, safety: 'safe' },
        ip_address: '127.0.0.1',
        user_agent: request.get('user-agent'),
        request_id: randomUUID(),
      },
      { transaction },
    );
    await sequelize.query("select pg_notify('peer_dispatch', 'wake')", { transaction });
    return created;
  });
  if (command === undefined) response.status(404).json({});
  else
    response
      .status(202)
      .location(`/api/v1/commands/${command.get('command_id') as string}`)
      .json(shownNew(plain(command) as CommandRow & { readonly lease_number: number }));
});

app.listen(environment.port, '127.0.0.1', tellReady);
