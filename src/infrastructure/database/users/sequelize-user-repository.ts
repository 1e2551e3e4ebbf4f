import type { InferAttributes } from 'sequelize';

import { User } from '#application/domain/user.js';
import type { UserRepository } from '#application/ports/user-repository.js';

import { columnsOf } from '../model-columns.js';
import type { UnitStatements } from '../unit-statements.js';
import { UserModel } from './user-model.js';

type UserRow = InferAttributes<UserModel>;

const insertText = `
  insert into users (user_id, username, email, password_hash, role, is_active, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/** Accounts in `users`. */
export class SequelizeUserRepository implements UserRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async load(id: string): Promise<User | undefined> {
    const text = `select ${columnsOf(UserModel, 'u')} from users u where u.user_id = $1`;
    const [row] = await this.#unit.rows<UserRow>(text, [id]);
    return row === undefined ? undefined : toUser(row);
  }

  async findByUsername(username: string): Promise<User | undefined> {
    const text = `select ${columnsOf(UserModel, 'u')} from users u where lower(u.username) = lower($1)`;
    const [row] = await this.#unit.rows<UserRow>(text, [username]);
    return row === undefined ? undefined : toUser(row);
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
        user.createdAt,
        user.updatedAt,
      ],
    });
  }
}

function toUser(row: UserRow): User {
  return User.fromRecord({
    id: row.user_id,
    username: row.username,
    email: row.email,
    passwordHash: row.password_hash,
    role: row.role,
    isActive: row.is_active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
}
