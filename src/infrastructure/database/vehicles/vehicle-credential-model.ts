import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import { key, required } from '../model-columns.js';

/** A row of `vehicle_credentials`: what the service proves itself to a vehicle with, sealed. */
@Table({ tableName: 'vehicle_credentials', timestamps: false })
export class VehicleCredentialModel extends Model<
  InferAttributes<VehicleCredentialModel>,
  InferCreationAttributes<VehicleCredentialModel>
> {
  @key(DataType.UUID)
  declare vehicle_id: string;

  @required(DataType.TEXT)
  declare key_id: string;

  @required(DataType.TEXT)
  declare origin: string;

  @required(DataType.BLOB)
  declare sealed: Buffer;
}
