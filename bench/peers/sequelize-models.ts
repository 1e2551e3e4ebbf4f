import {
  DataTypes,
  Model,
  Sequelize,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
} from 'sequelize';

// Sequelize writes the name of the column into the definition, so each column needs one of its own.
const text = () => ({ type: DataTypes.TEXT, allowNull: false });
const uuid = () => ({ type: DataTypes.UUID, allowNull: false });
const whole = () => ({ type: DataTypes.INTEGER, allowNull: false });
const time = () => ({ type: DataTypes.DATE, allowNull: false });
const optionalTime = () => ({ type: DataTypes.DATE, allowNull: true });
const optionalText = () => ({ type: DataTypes.TEXT, allowNull: true });

/** A user. */
export class User extends Model<InferAttributes<User>, InferCreationAttributes<User>> {
  declare user_id: string;
  declare username: string;
  declare role: string;
  declare is_active: boolean;
}

/** A vehicle. */
export class Vehicle extends Model<InferAttributes<Vehicle>, InferCreationAttributes<Vehicle>> {
  declare vehicle_id: string;
  declare vin: string;
  declare make: string;
  declare model: string;
  declare model_year: number;
  declare sovd_base_url: string;
  declare connection_status: string;
  declare last_seen_at: Date | null;
  declare metadata: unknown;
  declare created_at: Date;
  declare updated_at: Date;
  declare retired_at: Date | null;
  declare fleet_id: string;
  declare credential_summary: unknown;
}

/** A command. */
export class Command extends Model<InferAttributes<Command>, InferCreationAttributes<Command>> {
  declare command_id: string;
  declare user_id: string;
  declare vehicle_id: string;
  declare command_name: string;
  declare command_params: unknown;
  declare safety: string;
  declare status: string;
  declare error_code: CreationOptional<string | null>;
  declare error_message: CreationOptional<string | null>;
  declare when_offline: string;
  declare timeout_seconds: number;
  declare expires_at: Date;
  declare submitted_at: Date;
  declare started_at: CreationOptional<Date | null>;
  declare completed_at: CreationOptional<Date | null>;
  declare cancel_requested_at: CreationOptional<Date | null>;
  declare attempts: number;
  declare response_count: number;
  declare last_event_number: number;
  declare lease_number: number;
  declare settled_at: CreationOptional<Date | null>;
  declare settled_by: CreationOptional<string | null>;
  declare settlement_reason: CreationOptional<string | null>;
  declare responses_purged_at: CreationOptional<Date | null>;
  declare fleet_id: string;
}

/** A step of a command's state. */
export class CommandTransition extends Model<
  InferAttributes<CommandTransition>,
  InferCreationAttributes<CommandTransition>
> {
  declare command_id: string;
  declare event_number: number;
  declare to_status: string;
  declare occurred_at: Date;
  declare actor: string;
  declare reason: string;
}

/** An entry of the audit log. */
export class AuditLog extends Model<InferAttributes<AuditLog>, InferCreationAttributes<AuditLog>> {
  declare log_id: string;
  declare occurred_at: Date;
  declare actor_kind: string;
  declare user_id: string;
  declare username: string;
  declare action: string;
  declare entity_type: string;
  declare entity_id: string;
  declare vehicle_id: string;
  declare command_id: string;
  declare outcome: string;
  declare details: unknown;
  declare ip_address: string | null;
  declare user_agent: string | null;
  declare request_id: string;
}

/** Connects, with the models defined. */
export function openSequelize(databaseUrl: string, connections: number): Sequelize {
  const sequelize = new Sequelize(databaseUrl, { logging: false, pool: { max: connections } });
  const options = { sequelize, timestamps: false };
  const key = { primaryKey: true };
  User.init(
    { user_id: { ...uuid(), ...key }, username: text(), role: text(), is_active: DataTypes.BOOLEAN },
    { ...options, tableName: 'users' },
  );
  Vehicle.init(
    {
      vehicle_id: { ...uuid(), ...key },
      vin: text(),
      make: text(),
      model: text(),
      model_year: whole(),
      sovd_base_url: text(),
      connection_status: text(),
      last_seen_at: optionalTime(),
      metadata: DataTypes.JSONB,
      created_at: time(),
      updated_at: time(),
      retired_at: optionalTime(),
      fleet_id: uuid(),
      credential_summary: DataTypes.JSONB,
    },
    { ...options, tableName: 'vehicles' },
  );
  Command.init(
    {
      command_id: { ...uuid(), ...key },
      user_id: uuid(),
      vehicle_id: uuid(),
      command_name: text(),
      command_params: DataTypes.JSONB,
      safety: text(),
      status: text(),
      error_code: optionalText(),
      error_message: optionalText(),
      when_offline: text(),
      timeout_seconds: whole(),
      expires_at: time(),
      submitted_at: time(),
      started_at: optionalTime(),
      completed_at: optionalTime(),
      cancel_requested_at: optionalTime(),
      attempts: whole(),
      response_count: whole(),
      last_event_number: whole(),
      lease_number: whole(),
      settled_at: optionalTime(),
      settled_by: optionalText(),
      settlement_reason: optionalText(),
      responses_purged_at: optionalTime(),
      fleet_id: uuid(),
    },
    { ...options, tableName: 'commands' },
  );
  CommandTransition.init(
    {
      command_id: { ...uuid(), ...key },
      event_number: { ...whole(), ...key },
      to_status: text(),
      occurred_at: time(),
      actor: text(),
      reason: text(),
    },
    { ...options, tableName: 'command_transitions' },
  );
  AuditLog.init(
    {
      log_id: { ...uuid(), ...key },
      occurred_at: time(),
      actor_kind: text(),
      user_id: uuid(),
      username: text(),
      action: text(),
      entity_type: text(),
      entity_id: text(),
      vehicle_id: uuid(),
      command_id: uuid(),
      outcome: text(),
      details: DataTypes.JSONB,
      ip_address: DataTypes.INET,
      user_agent: optionalText(),
      request_id: text(),
    },
    { ...options, tableName: 'audit_logs' },
  );
  return sequelize;
}
