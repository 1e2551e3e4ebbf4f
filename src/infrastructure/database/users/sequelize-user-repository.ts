import type { InferAttributes } from 'sequelize';

import type { MemberRole } from '#application/domain/fleet.js';
import { User } from '#application/domain/user.js';
import type { Page, PageRequest } from '#application/ports/paging.js';
import type { Account, UserFilter, UserRepository } from '#application/ports/user-repository.js';

import { columnsOf } from '../model-columns.js';
import { likeContains, QueryConditions, toPage } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { holdsNow } from '../visible-rows.js';
import { UserModel } from './user-model.js';

type UserRow = InferAttributes<UserModel>;

interface MembershipInJson {
  readonly fleet_id: string;
  readonly name: string;
  readonly role: MemberRole;
  readonly until: string | null;
}

const insertText = `
  insert into users (user_id, username, email, password_hash, role, is_active, access_version, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/** The time is the database's, so that instances whose clocks differ find each other's changes. */
const saveText = `
  update users
  set email = $2, password_hash = $3, role = $4, is_active = $5, updated_at = $7,
    access_changed_at = case when access_version = $6 then access_changed_at else clock_timestamp() end,
    access_version = $6
  where user_id = $1`;

/** In one order, so that two who lock them don't wait for each other. */
const lockActiveAdminsText = `
  select u.user_id
  from users u
  where u.role = 'admin' and u.is_active
  order by u.user_id
  for no key update`;

/** Accounts in `users`. */
export class SequelizeUserRepository implements UserRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async load(id: string): Promise<User | undefined> {
    const [row] = await this.#unit.rows<UserRow>(loadText(), [id]);
    return row === undefined ? undefined : toUser(row);
  }

  async loadAndHold(id: string): Promise<User | undefined> {
    const [row] = await this.#unit.rowsInTransaction<UserRow>(`${loadText()} for share`, [id]);
    return row === undefined ? undefined : toUser(row);
  }

  async loadToChange(id: string): Promise<User | undefined> {
    const [row] = await this.#unit.rowsInTransaction<UserRow>(`${loadText()} for no key update`, [id]);
    return row === undefined ? undefined : toUser(row);
  }

  async lockActiveAdmins(): Promise<readonly string[]> {
    const rows = await this.#unit.rowsInTransaction<Pick<UserRow, 'user_id'>>(lockActiveAdminsText, []);
    return rows.map((row) => row.user_id);
  }

  async loadAccount(id: string): Promise<Account | undefined> {
    const text = `
      select ${columnsOf(UserModel, 'u')}, coalesce(o.memberships, '[]') as memberships
      from users u
      left join lateral (
        select json_agg(json_build_object('fleet_id', m.fleet_id, 'name', f.name, 'role', m.role, 'until', m.until)
          order by lower(f.name)) as memberships
        from fleet_members m
        join fleets f on f.fleet_id = m.fleet_id
        where m.user_id = u.user_id and ${holdsNow('m')}
      ) o on true
      where u.user_id = $1`;
    const [row] = await this.#unit.rows<UserRow & { readonly memberships: readonly MembershipInJson[] }>(text, [id]);
    if (row === undefined) return undefined;
    const memberships = row.memberships.map(({ fleet_id: fleetId, name, role, until }) => ({
      fleetId,
      fleetName: name,
      role,
      until: until === null ? undefined : new Date(until),
    }));
    return { user: toUser(row), memberships };
  }

  async findByUsername(username: string): Promise<User | undefined> {
    const text = `select ${columnsOf(UserModel, 'u')} from users u where lower(u.username) = lower($1)`;
    const [row] = await this.#unit.rows<UserRow>(text, [username]);
    return row === undefined ? undefined : toUser(row);
  }

  async list(filter: UserFilter, page: PageRequest): Promise<Page<User>> {
    const conditions = new QueryConditions();
    conditions.addIfGiven('u.role = ?', filter.role);
    conditions.addIfGiven('u.is_active = ?', filter.isActive);
    if (filter.text !== undefined) {
      const pattern = likeContains(filter.text);
      conditions.add('(u.username ilike ? or u.email ilike ?)', pattern, pattern);
    }
    conditions.addCursor('u.created_at', 'u.user_id', page.after);
    const text = `
      select ${columnsOf(UserModel, 'u')}
      from users u
      ${conditions.clause}
      order by u.created_at desc, u.user_id desc
      limit ${conditions.nextPlace}`;
    const rows = await this.#unit.rowsByFilter<UserRow>(text, conditions.valuesAnd(page.limit + 1));
    return toPage(rows.map(toUser), page.limit, (user) => ({ at: user.createdAt, id: user.id }));
  }

  add(user: User): void {
    this.#unit.note({
      text: insertText,
      values: [
        user.id,
        user.username,
        user.email,
        user.passwordHash,
        user.role,
        user.isActive,
        user.accessVersion,
        user.createdAt,
        user.updatedAt,
      ],
    });
  }

  save(user: User): void {
    this.#unit.note({
      text: saveText,
      values: [user.id, user.email, user.passwordHash, user.role, user.isActive, user.accessVersion, user.updatedAt],
      expectedRows: 1,
      target: `users:${user.id}`,
    });
  }
}

function loadText(): string {
  return `select ${columnsOf(UserModel, 'u')} from users u where u.user_id = $1`;
}

function toUser(row: UserRow): User {
  return User.fromRecord({
    id: row.user_id,
    username: row.username,
    email: row.email,
    passwordHash: row.password_hash,
    role: row.role,
    isActive: row.is_active,
    accessVersion: row.access_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
}
