import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { CommandStatus } from '#application/domain/command-state.js';
import type { Safety } from '#application/domain/safety.js';
import type { OfflinePolicy } from '#application/domain/command.js';
import type { JsonObject } from '#application/domain/json.js';
import type { CommandErrorCode } from '#application/domain/response.js';
import { key, optional, required } from '../model-columns.js';

/** A row of `commands`: one order to one vehicle, and the queue entry for it. */
@Table({ tableName: 'commands', timestamps: false })
export class CommandModel extends Model<InferAttributes<CommandModel>, InferCreationAttributes<CommandModel>> {
  @key(DataType.UUID)
  declare command_id: string;

  @required(DataType.UUID)
  declare user_id: string;

  @required(DataType.UUID)
  declare vehicle_id: string;

  /** The fleet of its vehicle: kept here too, and kept true by a foreign key, for lists by fleet. */
  @required(DataType.UUID)
  declare fleet_id: string;

  @required(DataType.TEXT)
  declare command_name: string;

  @required(DataType.JSONB)
  declare command_params: JsonObject;

  @required(DataType.TEXT)
  declare safety: Safety;

  @required(DataType.TEXT)
  declare status: CommandStatus;

  @optional(DataType.TEXT)
  declare error_code: CommandErrorCode | null;

  @optional(DataType.TEXT)
  declare error_message: string | null;

  @optional(DataType.TEXT)
  declare idempotency_key: string | null;

  @optional(DataType.TEXT)
  declare request_hash: string | null;

  @required(DataType.TEXT)
  declare when_offline: OfflinePolicy;

  @required(DataType.INTEGER)
  declare timeout_seconds: number;

  @required(DataType.DATE)
  declare expires_at: Date;

  @required(DataType.DATE)
  declare submitted_at: Date;

  @optional(DataType.DATE)
  declare started_at: Date | null;

  @optional(DataType.DATE)
  declare completed_at: Date | null;

  @optional(DataType.DATE)
  declare cancel_requested_at: Date | null;

  @required(DataType.INTEGER)
  declare attempts: number;

  @optional(DataType.DATE)
  declare not_before: Date | null;

  @required(DataType.INTEGER)
  declare last_event_number: number;

  @required(DataType.INTEGER)
  declare response_count: number;

  @optional(DataType.DATE)
  declare settled_at: Date | null;

  @optional(DataType.TEXT)
  declare settled_by: string | null;

  @optional(DataType.TEXT)
  declare settlement_reason: string | null;

  /** When its responses, if there were any, were purged. */
  @optional(DataType.DATE)
  declare responses_purged_at: Date | null;

  @required(DataType.INTEGER)
  declare lease_number: number;

  @optional(DataType.UUID)
  declare lease_owner: string | null;

  @optional(DataType.DATE)
  declare lease_expires_at: Date | null;
}
