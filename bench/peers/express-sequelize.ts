import { randomUUID } from 'node:crypto';

import express, { type ErrorRequestHandler, type Request } from 'express';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Op } from 'sequelize';
import { v7 } from 'uuid';

import { requireAdmin } from './access-token.js';
import { readCursor, readLimit, readOrder, readUuid } from './input.js';
import { readPeerSettings } from './peer-settings.js';
import { describeFailure, Refusal } from './refusal.js';
import { requestLine } from './request-line.js';
import { AuditLog, Command, CommandTransition, openSequelize, User, Vehicle } from './sequelize-models.js';
import { showCommand, showPage, showVehicle } from './shown.js';
import { openWakeUp } from './wake-up.js';

// As the documentation of Express, passport-jwt and Sequelize shows it. `--keyobject` gives passport-jwt the secret as a
// KeyObject instead of a text.

const settings = readPeerSettings();
const sequelize = openSequelize(settings.databaseUrl, settings.connections);
const wakeDispatcher = await openWakeUp(settings.databaseUrl);
const logRequest = requestLine(settings.logLevel);
const hasKeyObject = process.argv.includes('--keyobject');

passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: hasKeyObject ? (settings.jwtKey as unknown as Buffer) : settings.jwtSecret,
      algorithms: ['HS256'],
      issuer: 'sovd-fleet',
      audience: 'sovd-fleet-api',
    },
    (claims: { readonly sub: string }, done) => {
      User.findByPk(claims.sub).then(
        (user) => {
          if (user?.is_active === true) requireAdmin(user);
          done(null, user?.is_active === true ? user : false);
        },
        (error: unknown) => done(error),
      );
    },
  ),
);

const app = express();
app.use((request, response, next) => {
  logRequest(request, response);
  next();
});
app.use(express.json());
app.use(passport.authenticate('jwt', { session: false }));

app.get('/api/v1/vehicles/:id', async (request, response) => {
  const id = readUuid(request.params.id);
  const vehicle = await sequelize.transaction((transaction) => Vehicle.findByPk(id, { transaction }));
  if (vehicle === null) throw new Refusal(404, 'vehicle-not-found');
  response.json(showVehicle(vehicle));
});

app.get('/api/v1/vehicles', async ({ query }, response) => {
  const limit = readLimit(query['limit']);
  const after = readCursor(query['cursor']);
  const vehicles = await sequelize.transaction((transaction) =>
    Vehicle.findAll({
      where: {
        retired_at: null,
        ...(after !== undefined && {
          [Op.or]: [{ created_at: { [Op.lt]: after.at } }, { created_at: after.at, vehicle_id: { [Op.lt]: after.id } }],
        }),
      },
      order: [
        ['created_at', 'DESC'],
        ['vehicle_id', 'DESC'],
      ],
      limit: limit + 1,
      transaction,
    }),
  );
  response.json(
    showPage(vehicles, limit, showVehicle, (vehicle) => ({ at: vehicle.created_at, id: vehicle.vehicle_id })),
  );
});

app.get('/api/v1/commands', async ({ query }, response) => {
  const limit = readLimit(query['limit']);
  const vehicleId = readUuid(query['vehicle_id']);
  const after = readCursor(query['cursor']);
  const commands = await sequelize.transaction((transaction) =>
    Command.findAll({
      where: {
        vehicle_id: vehicleId,
        ...(after !== undefined && {
          [Op.or]: [
            { submitted_at: { [Op.lt]: after.at } },
            { submitted_at: after.at, command_id: { [Op.lt]: after.id } },
          ],
        }),
      },
      order: [
        ['submitted_at', 'DESC'],
        ['command_id', 'DESC'],
      ],
      limit: limit + 1,
      transaction,
    }),
  );
  response.json(
    showPage(commands, limit, showCommand, (command) => ({ at: command.submitted_at, id: command.command_id })),
  );
});

app.post('/api/v1/commands', async (request, response) => {
  const order = readOrder(request.body);
  const user = request.user as User;
  const submittedAt = new Date();
  const command = await sequelize.transaction(async (transaction) => {
    const vehicle = await Vehicle.findByPk(order.vehicleId, { transaction });
    if (vehicle === null) throw new Refusal(404, 'vehicle-not-found');
    if (vehicle.retired_at !== null) throw new Refusal(409, 'vehicle-retired');
    const created = await Command.create(
      {
        command_id: v7(),
        user_id: user.user_id,
        vehicle_id: vehicle.vehicle_id,
        command_name: 'read-data',
        command_params: order.parameters,
        safety: 'safe',
        status: 'pending',
        error_code: null,
        error_message: null,
        when_offline: order.whenOffline,
        timeout_seconds: order.timeoutSeconds,
        expires_at: new Date(submittedAt.getTime() + order.expiresInSeconds * 1000),
        submitted_at: submittedAt,
        started_at: null,
        completed_at: null,
        cancel_requested_at: null,
        attempts: 0,
        response_count: 0,
        last_event_number: 1,
        settled_at: null,
        settled_by: null,
        settlement_reason: null,
        responses_purged_at: null,
        lease_number: 0,
        fleet_id: vehicle.fleet_id,
      },
      { transaction },
    );
    await CommandTransition.create(
      {
        command_id: created.command_id,
        event_number: 1,
        to_status: 'pending',
        occurred_at: submittedAt,
        actor: user.username,
        reason: 'submitted',
      },
      { transaction },
    );
    await AuditLog.create(auditEntry(request, user, created), { transaction });
    return created;
  });
  wakeDispatcher();
  response.status(202).json(showCommand(command));
});

function auditEntry(request: Request, user: User, command: Command) {
  return {
    log_id: v7(),
    occurred_at: command.submitted_at,
    actor_kind: 'user',
    user_id: user.user_id,
    username: user.username,
    action: 'command.submit',
    entity_type: 'command',
    entity_id: command.command_id,
    vehicle_id: command.vehicle_id,
    command_id: command.command_id,
    outcome: 'success',
    details: { command_name: command.command_name, safety: command.safety },
    ip_address: request.ip ?? null,
    user_agent: request.get('user-agent') ?? null,
    request_id: randomUUID(),
  };
}

const handleError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const { status, body } = describeFailure(error instanceof SyntaxError ? new Refusal(400, 'malformed-json') : error);
  response.status(status).json(body);
};
app.use(handleError);
app.listen(settings.port, '127.0.0.1');
