import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { JsonObject } from '#application/domain/json.js';
import type { CommandErrorCode } from '#application/domain/response.js';
import type { ConnectionStatus } from '#application/domain/vehicle.js';
import { key, optional, required } from '../model-columns.js';
import type { CredentialSummaryRow } from './credential-summary.js';

/** A row of `vehicles`: a registered car. */
@Table({ tableName: 'vehicles', timestamps: false })
export class VehicleModel extends Model<InferAttributes<VehicleModel>, InferCreationAttributes<VehicleModel>> {
  @key(DataType.UUID)
  declare vehicle_id: string;

  @required(DataType.UUID)
  declare fleet_id: string;

  @required(DataType.TEXT)
  declare vin: string;

  @required(DataType.TEXT)
  declare make: string;

  @required(DataType.TEXT)
  declare model: string;

  @required(DataType.INTEGER)
  declare model_year: number;

  @required(DataType.TEXT)
  declare sovd_base_url: string;

  @required(DataType.TEXT)
  declare connection_status: ConnectionStatus;

  @optional(DataType.DATE)
  declare last_seen_at: Date | null;

  @optional(DataType.DATE)
  declare last_checked_at: Date | null;

  @optional(DataType.TEXT)
  declare last_error_code: CommandErrorCode | null;

  @required(DataType.JSONB)
  declare metadata: JsonObject;

  @optional(DataType.JSONB)
  declare credential_summary: CredentialSummaryRow | null;

  @required(DataType.INTEGER)
  declare version: number;

  @required(DataType.DATE)
  declare created_at: Date;

  @required(DataType.DATE)
  declare updated_at: Date;

  @optional(DataType.DATE)
  declare retired_at: Date | null;
}
