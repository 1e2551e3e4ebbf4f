import type { InferAttributes } from 'sequelize';

import { Fleet, type Membership } from '#application/domain/fleet.js';
import type { VehicleScope, Visible } from '#application/domain/visibility-scope.js';
import type { FleetRepository, Member } from '#application/ports/fleet-repository.js';
import type { Page, PageRequest } from '#application/ports/paging.js';

import { columnsOf } from '../model-columns.js';
import { QueryConditions, toPage } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { scopeJoin, type VisibleRow } from '../visible-rows.js';
import { FleetMemberModel } from './fleet-member-model.js';
import { FleetModel } from './fleet-model.js';

type FleetRow = InferAttributes<FleetModel>;
type MemberRow = InferAttributes<FleetMemberModel>;

const insertText = `
  insert into fleets (fleet_id, name, created_at, updated_at)
  values ($1, $2, $3, $4)`;

const saveText = `
  update fleets
  set name = $2, updated_at = $3
  where fleet_id = $1`;

const setMemberText = `
  insert into fleet_members (fleet_id, user_id, role, until, created_at)
  values ($1, $2, $3, $4, $5)
  on conflict (fleet_id, user_id) do update set role = excluded.role, until = excluded.until`;

const removeMemberText = 'delete from fleet_members where fleet_id = $1 and user_id = $2';

/** Fleets in `fleets`, and their members in `fleet_members`. */
export class SequelizeFleetRepository implements FleetRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async load(id: string): Promise<Fleet | undefined> {
    return (await this.loadVisible(id, { kind: 'all' }))?.item;
  }

  async loadVisible(id: string, scope: VehicleScope): Promise<Visible<Fleet> | undefined> {
    const { role, join, values } = scopeJoin(scope, 'f', 2);
    const text = `
      select ${columnsOf(FleetModel, 'f')}, ${role} as member_role
      from fleets f
      ${join}
      where f.fleet_id = $1`;
    const [row] = await this.#unit.rows<FleetRow & VisibleRow>(text, [id, ...values]);
    return row === undefined ? undefined : toVisibleFleet(row);
  }

  async findExisting(ids: readonly string[]): Promise<readonly string[]> {
    const text = 'select f.fleet_id from fleets f where f.fleet_id = any($1::uuid[])';
    const rows = await this.#unit.rows<{ readonly fleet_id: string }>(text, [ids]);
    return rows.map((row) => row.fleet_id);
  }

  async list(scope: VehicleScope, page: PageRequest): Promise<Page<Visible<Fleet>>> {
    const conditions = new QueryConditions();
    conditions.addCursor('f.created_at', 'f.fleet_id', page.after);
    const limit = conditions.nextPlace;
    const values = conditions.valuesAnd(page.limit + 1);
    const { role, join, values: scopeValues } = scopeJoin(scope, 'f', values.length + 1);
    const text = `
      select ${columnsOf(FleetModel, 'f')}, ${role} as member_role
      from fleets f
      ${join}
      ${conditions.clause}
      order by f.created_at desc, f.fleet_id desc
      limit ${limit}`;
    const rows = await this.#unit.rows<FleetRow & VisibleRow>(text, [...values, ...scopeValues]);
    return toPage(rows.map(toVisibleFleet), page.limit, ({ item }) => ({ at: item.createdAt, id: item.id }));
  }

  add(fleet: Fleet): void {
    this.#unit.note({ text: insertText, values: [fleet.id, fleet.name, fleet.createdAt, fleet.updatedAt] });
  }

  save(fleet: Fleet): void {
    const values = [fleet.id, fleet.name, fleet.updatedAt];
    this.#unit.note({ text: saveText, values, expectedRows: 1, target: `fleets:${fleet.id}` });
  }

  async listMembers(fleetId: string, page: PageRequest): Promise<Page<Member>> {
    const conditions = new QueryConditions();
    conditions.add('m.fleet_id = ?', fleetId);
    conditions.addCursor('m.created_at', 'm.user_id', page.after);
    const text = `
      select ${columnsOf(FleetMemberModel, 'm')}, u.username
      from fleet_members m
      join users u on u.user_id = m.user_id
      ${conditions.clause}
      order by m.created_at desc, m.user_id desc
      limit ${conditions.nextPlace}`;
    const rows = await this.#unit.rows<MemberRow & { readonly username: string }>(
      text,
      conditions.valuesAnd(page.limit + 1),
    );
    const members = rows.map((row) => ({ membership: toMembership(row), username: row.username }));
    return toPage(members, page.limit, ({ membership }) => ({ at: membership.createdAt, id: membership.userId }));
  }

  async findMember(fleetId: string, userId: string): Promise<Membership | undefined> {
    const text = `
      select ${columnsOf(FleetMemberModel, 'm')}
      from fleet_members m
      where m.fleet_id = $1 and m.user_id = $2`;
    const [row] = await this.#unit.rows<MemberRow>(text, [fleetId, userId]);
    return row === undefined ? undefined : toMembership(row);
  }

  setMember({ fleetId, userId, role, until, createdAt }: Membership): void {
    this.#unit.note({
      text: setMemberText,
      values: [fleetId, userId, role, until ?? null, createdAt],
      target: `fleet_members:${fleetId}:${userId}`,
    });
  }

  removeMember(fleetId: string, userId: string): void {
    this.#unit.note({
      text: removeMemberText,
      values: [fleetId, userId],
      target: `fleet_members:${fleetId}:${userId}`,
    });
  }
}

function toVisibleFleet(row: FleetRow & VisibleRow): Visible<Fleet> {
  const item = Fleet.fromRecord({
    id: row.fleet_id,
    name: row.name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
  return { item, memberRole: row.member_role ?? undefined };
}

function toMembership(row: MemberRow): Membership {
  return {
    fleetId: row.fleet_id,
    userId: row.user_id,
    role: row.role,
    until: row.until ?? undefined,
    createdAt: row.created_at,
  };
}
