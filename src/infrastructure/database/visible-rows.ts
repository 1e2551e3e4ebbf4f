import type { MemberRole } from '#application/domain/fleet.js';
import type { VehicleScope } from '#application/domain/visibility-scope.js';

import type { Statement } from './noted-write.js';
import type { QueryConditions } from './query-conditions.js';

/** A membership that holds now. Its end is judged by the database's clock, so that all instances agree. */
export const holdsNow = (member: string): string => `(${member}.until is null or ${member}.until > now())`;

/** A row that was loaded within a scope. */
export interface VisibleRow {
  readonly member_role: MemberRole | null;
}

/** What a select list and a FROM clause need to load single rows within a scope. */
export interface ScopeJoin {
  /** An expression for `member_role`. */
  readonly role: string;
  /** Follows the table in the FROM clause; empty where the scope is all. */
  readonly join: string;
  readonly values: readonly unknown[];
}

/**
 * Restricts single rows with a `fleet_id` to a scope, in the same statement that loads them. `place` is that of its first
 * value: `$2`.
 */
export function scopeJoin(scope: VehicleScope, alias: string, place: number): ScopeJoin {
  if (scope.kind === 'all') return { role: 'null::text', join: '', values: [] };
  return {
    role: 'm.role',
    join: `join fleet_members m on m.fleet_id = ${alias}.fleet_id and m.user_id = $${place} and ${holdsNow('m')}`,
    values: [scope.userId],
  };
}

/**
 * Whether a scope covers a vehicle. Asked of rows that are all of this vehicle, it is answered once, before any of them is
 * read.
 */
export function addVehicleScope(conditions: QueryConditions, scope: VehicleScope, vehicleId: string): void {
  if (scope.kind === 'all') return;
  conditions.add(
    `exists (
      select from vehicles seen
      join fleet_members m on m.fleet_id = seen.fleet_id and ${holdsNow('m')}
      where seen.vehicle_id = ? and m.user_id = ?
    )`,
    vehicleId,
    scope.userId,
  );
}

/** A list in descending order of a time and an id, of rows that have a `fleet_id`. */
export interface ScopedList {
  readonly scope: VehicleScope;
  /** Where all rows are of this vehicle. */
  readonly vehicleId?: string;
  /** With its alias: `commands c`. */
  readonly from: string;
  readonly alias: string;
  readonly columns: string;
  readonly timeColumn: string;
  readonly idColumn: string;
  readonly conditions: QueryConditions;
  readonly limit: number;
}

/**
 * The statement for the first rows of a list that a scope lets through. For a member these are the first rows of each of
 * their fleets, merged: an index in the order of the list gives each, so the page is full and costs the same whether the
 * member's vehicles are few among many or nearly all.
 */
export function scopedList(list: ScopedList): Statement {
  const { scope, vehicleId, from, alias, columns, timeColumn, idColumn, conditions, limit } = list;
  const order = (table: string): string => `order by ${table}.${timeColumn} desc, ${table}.${idColumn} desc`;
  if (vehicleId !== undefined) addVehicleScope(conditions, scope, vehicleId);
  if (scope.kind === 'all' || vehicleId !== undefined) {
    const text = `
      select ${columns}
      from ${from}
      ${conditions.clause}
      ${order(alias)}
      limit ${conditions.nextPlace}`;
    return { text, values: conditions.valuesAnd(limit) };
  }
  conditions.add(`${alias}.fleet_id = m.fleet_id`);
  const values = conditions.valuesAnd(limit, scope.userId);
  const limitPlace = conditions.nextPlace;
  const text = `
    select l.*
    from fleet_members m
    cross join lateral (
      select ${columns}
      from ${from}
      ${conditions.clause}
      ${order(alias)}
      limit ${limitPlace}
    ) l
    where m.user_id = $${values.length} and ${holdsNow('m')}
    ${order('l')}
    limit ${limitPlace}`;
  return { text, values };
}
