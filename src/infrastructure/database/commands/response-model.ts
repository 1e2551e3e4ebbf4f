import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { ResponsePayload } from '#application/domain/response.js';
import { key, required } from '../model-columns.js';

/** A row of `responses`: one answer of the vehicle within a command. */
@Table({ tableName: 'responses', timestamps: false })
export class ResponseModel extends Model<InferAttributes<ResponseModel>, InferCreationAttributes<ResponseModel>> {
  @key(DataType.UUID)
  declare response_id: string;

  @required(DataType.UUID)
  declare command_id: string;

  @required(DataType.INTEGER)
  declare sequence_number: number;

  @required(DataType.INTEGER)
  declare event_number: number;

  @required(DataType.TEXT)
  declare subject: string;

  @required(DataType.JSONB)
  declare response_payload: ResponsePayload;

  @required(DataType.BOOLEAN)
  declare is_final: boolean;

  @required(DataType.DATE)
  declare received_at: Date;
}
