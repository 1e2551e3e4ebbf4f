import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import { key, optional, required } from '../model-columns.js';

/** A row of `sessions`: one refresh token of a login. */
@Table({ tableName: 'sessions', timestamps: false })
export class SessionModel extends Model<InferAttributes<SessionModel>, InferCreationAttributes<SessionModel>> {
  @key(DataType.UUID)
  declare session_id: string;

  @required(DataType.UUID)
  declare user_id: string;

  @required(DataType.TEXT)
  declare refresh_token_hash: string;

  @required(DataType.UUID)
  declare family_id: string;

  @required(DataType.DATE)
  declare logged_in_at: Date;

  @required(DataType.DATE)
  declare created_at: Date;

  @required(DataType.DATE)
  declare expires_at: Date;

  @optional(DataType.DATE)
  declare rotated_at: Date | null;

  @optional(DataType.DATE)
  declare revoked_at: Date | null;

  @optional(DataType.INET)
  declare ip_address: string | null;

  @optional(DataType.TEXT)
  declare user_agent: string | null;
}
