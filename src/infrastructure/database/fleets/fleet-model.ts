import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import { key, required } from '../model-columns.js';

/** A row of `fleets`: vehicles that belong together. */
@Table({ tableName: 'fleets', timestamps: false })
export class FleetModel extends Model<InferAttributes<FleetModel>, InferCreationAttributes<FleetModel>> {
  @key(DataType.UUID)
  declare fleet_id: string;

  @required(DataType.TEXT)
  declare name: string;

  @required(DataType.DATE)
  declare created_at: Date;

  @required(DataType.DATE)
  declare updated_at: Date;
}
