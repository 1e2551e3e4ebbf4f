import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import { key, required } from '../model-columns.js';

/**
 * A row of `vehicle_probes`: when a vehicle in service is to be probed next. Apart from `vehicles`, whose rows the
 * dispatcher locks: a probe that is about to begin keeps no command waiting.
 */
@Table({ tableName: 'vehicle_probes', timestamps: false })
export class VehicleProbeModel extends Model<
  InferAttributes<VehicleProbeModel>,
  InferCreationAttributes<VehicleProbeModel>
> {
  @key(DataType.UUID)
  declare vehicle_id: string;

  @required(DataType.DATE)
  declare next_probe_at: Date;

  /** Probes in a row that have failed. */
  @required(DataType.INTEGER)
  declare failures: number;
}
