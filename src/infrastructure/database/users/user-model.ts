import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { Role } from '#application/domain/user.js';
import { key, optional, required } from '../model-columns.js';

/** A row of `users`: an account. */
@Table({ tableName: 'users', timestamps: false })
export class UserModel extends Model<InferAttributes<UserModel>, InferCreationAttributes<UserModel>> {
  @key(DataType.UUID)
  declare user_id: string;

  @required(DataType.TEXT)
  declare username: string;

  @required(DataType.TEXT)
  declare email: string;

  @required(DataType.TEXT)
  declare password_hash: string;

  @required(DataType.TEXT)
  declare role: Role;

  @required(DataType.BOOLEAN)
  declare is_active: boolean;

  @required(DataType.INTEGER)
  declare access_version: number;

  @optional(DataType.DATE)
  declare access_changed_at: Date | null;

  @required(DataType.DATE)
  declare created_at: Date;

  @required(DataType.DATE)
  declare updated_at: Date;
}
