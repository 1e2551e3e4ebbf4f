import type { InferAttributes, InferCreationAttributes } from 'sequelize';
import { DataType, Model, Table } from 'sequelize-typescript';

import type { Actor } from '#application/domain/actor.js';
import type { AuditAction, AuditedEntity, AuditOutcome } from '#application/domain/audit-entry.js';
import type { JsonObject } from '#application/domain/json.js';
import { key, optional, required } from '../model-columns.js';

/** A row of `audit_logs`. The database refuses to change or delete it. */
@Table({ tableName: 'audit_logs', timestamps: false })
export class AuditLogModel extends Model<InferAttributes<AuditLogModel>, InferCreationAttributes<AuditLogModel>> {
  @key(DataType.UUID)
  declare log_id: string;

  @required(DataType.DATE)
  declare occurred_at: Date;

  @required(DataType.TEXT)
  declare actor_kind: Actor['kind'];

  @optional(DataType.UUID)
  declare user_id: string | null;

  @optional(DataType.TEXT)
  declare username: string | null;

  @required(DataType.TEXT)
  declare action: AuditAction;

  @required(DataType.TEXT)
  declare entity_type: AuditedEntity;

  @optional(DataType.TEXT)
  declare entity_id: string | null;

  @optional(DataType.UUID)
  declare vehicle_id: string | null;

  @optional(DataType.UUID)
  declare command_id: string | null;

  @required(DataType.TEXT)
  declare outcome: AuditOutcome;

  @required(DataType.JSONB)
  declare details: JsonObject;

  @optional(DataType.INET)
  declare ip_address: string | null;

  @optional(DataType.TEXT)
  declare user_agent: string | null;

  @optional(DataType.TEXT)
  declare request_id: string | null;
}
