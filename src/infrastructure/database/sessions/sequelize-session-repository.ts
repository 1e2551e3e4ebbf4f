import type { InferAttributes } from 'sequelize';

import { Session } from '#application/domain/session.js';
import type { SessionRepository } from '#application/ports/session-repository.js';

import { columnsOf } from '../model-columns.js';
import type { UnitStatements } from '../unit-statements.js';
import { SessionModel } from './session-model.js';

type SessionRow = InferAttributes<SessionModel> & { readonly family_revoked_at: Date | null };

const insertText = `
  insert into sessions (session_id, user_id, refresh_token_hash, family_id, created_at, expires_at, ip_address, user_agent)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/**
 * A token that is made by a rotation at the same time as its family is revoked escapes that update, which can't see the
 * new row yet. So one revoked session stands for the whole family.
 */
const revocationOfFamily = '(select min(f.revoked_at) from sessions f where f.family_id = s.family_id)';

const isAliveText = `
  select 1 as alive
  from sessions s
  join users u on u.user_id = s.user_id
  where s.family_id = $1 and s.rotated_at is null and s.expires_at > now() and u.is_active
    and ${revocationOfFamily} is null
  limit 1`;

const rotateText = `
  update sessions
  set rotated_at = $2
  where session_id = $1 and rotated_at is null and revoked_at is null`;

const revokeFamilyText = `
  update sessions
  set revoked_at = $2
  where family_id = $1 and revoked_at is null`;

/** Logins and their refresh tokens in `sessions`. */
export class SequelizeSessionRepository implements SessionRepository {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async findByRefreshTokenHash(hash: string): Promise<Session | undefined> {
    const text = `
      select ${columnsOf(SessionModel, 's')}, ${revocationOfFamily} as family_revoked_at
      from sessions s
      where s.refresh_token_hash = $1`;
    const [row] = await this.#unit.rows<SessionRow>(text, [hash]);
    return row === undefined ? undefined : toSession(row);
  }

  async isFamilyAlive(familyId: string): Promise<boolean> {
    const rows = await this.#unit.rows(isAliveText, [familyId]);
    return rows.length > 0;
  }

  add(session: Session): void {
    this.#unit.note({
      text: insertText,
      values: [
        session.id,
        session.userId,
        session.refreshTokenHash,
        session.familyId,
        session.createdAt,
        session.expiresAt,
        session.ipAddress ?? null,
        session.userAgent ?? null,
      ],
    });
  }

  rotate(session: Session, at: Date): void {
    this.#unit.note({
      text: rotateText,
      values: [session.id, at],
      expectedRows: 1,
      target: `sessions:${session.familyId}`,
    });
  }

  revokeFamily(familyId: string, at: Date): void {
    this.#unit.note({ text: revokeFamilyText, values: [familyId, at], target: `sessions:${familyId}` });
  }
}

function toSession(row: SessionRow): Session {
  return Session.fromRecord({
    id: row.session_id,
    userId: row.user_id,
    refreshTokenHash: row.refresh_token_hash,
    familyId: row.family_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    rotatedAt: row.rotated_at ?? undefined,
    revokedAt: row.family_revoked_at ?? undefined,
    ipAddress: row.ip_address ?? undefined,
    userAgent: row.user_agent ?? undefined,
  });
}
