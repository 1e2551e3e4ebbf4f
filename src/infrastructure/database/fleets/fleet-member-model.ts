import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { MemberRole } from '#application/domain/fleet.js';
import { key, optional, required } from '../model-columns.js';

/** A row of `fleet_members`: a user works with the vehicles of a fleet. */
@Table({ tableName: 'fleet_members', timestamps: false })
export class FleetMemberModel extends Model<
  InferAttributes<FleetMemberModel>,
  InferCreationAttributes<FleetMemberModel>
> {
  @key(DataType.UUID)
  declare fleet_id: string;

  @key(DataType.UUID)
  declare user_id: string;

  @required(DataType.TEXT)
  declare role: MemberRole;

  @optional(DataType.DATE)
  declare until: Date | null;

  @required(DataType.DATE)
  declare created_at: Date;
}
