import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { CommandStatus } from '#application/domain/command-state.js';
import type { TransitionReason } from '#application/domain/command.js';
import { key, optional, required } from '../model-columns.js';

/** A row of `command_transitions`: a step of a command's state. */
@Table({ tableName: 'command_transitions', timestamps: false })
export class CommandTransitionModel extends Model<
  InferAttributes<CommandTransitionModel>,
  InferCreationAttributes<CommandTransitionModel>
> {
  @key(DataType.UUID)
  declare command_id: string;

  @key(DataType.INTEGER)
  declare event_number: number;

  @optional(DataType.TEXT)
  declare from_status: CommandStatus | null;

  @required(DataType.TEXT)
  declare to_status: CommandStatus;

  @required(DataType.DATE)
  declare occurred_at: Date;

  @required(DataType.TEXT)
  declare actor: string;

  @required(DataType.TEXT)
  declare reason: TransitionReason;
}
