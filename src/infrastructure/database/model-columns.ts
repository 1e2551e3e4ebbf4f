import type { DataType as SequelizeDataType } from 'sequelize';
import { Column, type ModelCtor } from 'sequelize-typescript';

type ColumnType = string | SequelizeDataType;

/** A column of the primary key. */
export function key(type: ColumnType): PropertyDecorator {
  return Column({ type, primaryKey: true, allowNull: false }) as PropertyDecorator;
}

/** A column that always has a value. */
export function required(type: ColumnType): PropertyDecorator {
  return Column({ type, allowNull: false }) as PropertyDecorator;
}

/** A column whose absence means something. */
export function optional(type: ColumnType): PropertyDecorator {
  return Column({ type, allowNull: true }) as PropertyDecorator;
}

const knownColumns = new WeakMap<ModelCtor, Map<string, string>>();

/** The columns of a model for a select list, each behind an alias: `v.vehicle_id, v.vin, …`. */
export function columnsOf(model: ModelCtor, alias: string): string {
  const ofModel = knownColumns.get(model) ?? new Map<string, string>();
  knownColumns.set(model, ofModel);
  const known = ofModel.get(alias);
  if (known !== undefined) return known;
  const columns = Object.keys(model.getAttributes())
    .map((column) => `${alias}.${column}`)
    .join(', ');
  ofModel.set(alias, columns);
  return columns;
}
