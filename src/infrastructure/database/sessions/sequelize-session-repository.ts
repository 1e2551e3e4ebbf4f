import type { InferAttributes } from 'sequelize';

import type { Revocation } from '#application/domain/revocation.js';
import { Session, type Login } from '#application/domain/session.js';
import type { Page, PageRequest } from '#application/ports/paging.js';
import type { PurgeStep } from '#application/ports/purge-step.js';
import type { SessionRepository } from '#application/ports/session-repository.js';

import { columnsOf } from '../model-columns.js';
import { QueryConditions, toPage } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { SessionModel } from './session-model.js';

type SessionRow = InferAttributes<SessionModel> & { readonly family_revoked_at: Date | null };

const insertText = `
  insert into sessions (session_id, user_id, refresh_token_hash, family_id, logged_in_at, created_at, expires_at,
    ip_address, user_agent)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/**
 * A token that is made by a rotation at the same time as its family is revoked escapes that update, which can't see the
 * new row yet. So one revoked session stands for the whole family.
 */
const revocationOfFamily =
  '(select min(f.revoked_at) from sessions f where f.family_id = s.family_id and f.revoked_at is not null)';

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

/** By the clock of the database, so that instances whose clocks differ find each other's revocations. */
const revokeFamilyText = `
  update sessions
  set revoked_at = clock_timestamp()
  where family_id = $1 and revoked_at is null`;

const revokeFamiliesOfText = `
  with revoked as (
    update sessions
    set revoked_at = clock_timestamp()
    where user_id = $1 and revoked_at is null and expires_at > now() and family_id is distinct from $2::uuid
    returning family_id
  )
  select distinct family_id from revoked`;

const revocationsText = `
  select 'session' as kind, s.family_id as id, 0 as access_version
  from sessions s
  where s.revoked_at > now() - make_interval(secs => $1)
  group by s.family_id
  union all
  select 'user', u.user_id, u.access_version
  from users u
  where u.access_changed_at > now() - make_interval(secs => $1)`;

/** Of a revoked family one session stays as long as any other could be used, because it stands for all of them. */
const purgeText = `
  with expired as (
    select s.session_id
    from sessions s
    where s.expires_at < now()
      and (s.revoked_at is null
        or not exists (select 1 from sessions f where f.family_id = s.family_id and f.expires_at >= now()))
    order by s.expires_at
    limit $1
    for update skip locked
  ), purged as (
    delete from sessions s using expired e where s.session_id = e.session_id returning 1
  )
  select count(*)::integer as count from purged`;

const loginColumns = `s.family_id, s.user_id, s.logged_in_at, s.created_at as last_used_at, s.expires_at,
  host(s.ip_address) as ip_address, s.user_agent`;

/** The newest session of a family that stands. */
const isNewestOfLogin = `s.rotated_at is null and s.expires_at > now() and ${revocationOfFamily} is null`;

interface LoginRow {
  readonly family_id: string;
  readonly user_id: string;
  readonly logged_in_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
}

interface RevocationRow {
  readonly kind: 'session' | 'user';
  readonly id: string;
  readonly access_version: number;
}

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

  async findLogin(familyId: string): Promise<Login | undefined> {
    const text = `select ${loginColumns} from sessions s where s.family_id = $1 and ${isNewestOfLogin}`;
    const [row] = await this.#unit.rows<LoginRow>(text, [familyId]);
    return row === undefined ? undefined : toLogin(row);
  }

  async listLogins(userId: string, page: PageRequest): Promise<Page<Login>> {
    const conditions = new QueryConditions();
    conditions.add('s.user_id = ?', userId);
    conditions.add(isNewestOfLogin);
    conditions.addCursor('s.logged_in_at', 's.family_id', page.after);
    const text = `
      select ${loginColumns}
      from sessions s
      ${conditions.clause}
      order by s.logged_in_at desc, s.family_id desc
      limit ${conditions.nextPlace}`;
    const rows = await this.#unit.rows<LoginRow>(text, conditions.valuesAnd(page.limit + 1));
    return toPage(rows.map(toLogin), page.limit, ({ loggedInAt, familyId }) => ({ at: loggedInAt, id: familyId }));
  }

  add(session: Session): void {
    this.#unit.note({
      text: insertText,
      values: [
        session.id,
        session.userId,
        session.refreshTokenHash,
        session.familyId,
        session.loggedInAt,
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

  revokeFamily(familyId: string): void {
    this.#unit.note({ text: revokeFamilyText, values: [familyId], target: `sessions:${familyId}` });
  }

  async revokeFamiliesOf(userId: string, exceptFamilyId?: string): Promise<readonly string[]> {
    const values = [userId, exceptFamilyId ?? null];
    const rows = await this.#unit.rowsInTransaction<Pick<SessionRow, 'family_id'>>(revokeFamiliesOfText, values);
    return rows.map((row) => row.family_id);
  }

  async listRevocations(seconds: number): Promise<readonly Revocation[]> {
    const rows = await this.#unit.rows<RevocationRow>(revocationsText, [seconds]);
    return rows.map(({ kind, id, access_version: accessVersion }) =>
      kind === 'session' ? { kind, sessionId: id } : { kind, userId: id, accessVersion },
    );
  }

  async purgeExpired(limit: number): Promise<PurgeStep> {
    const [row] = await this.#unit.rowsInTransaction<{ readonly count: number }>(purgeText, [limit]);
    const rows = row?.count ?? 0;
    return { rows, mayHaveMore: rows === limit };
  }
}

function toLogin(row: LoginRow): Login {
  return {
    familyId: row.family_id,
    userId: row.user_id,
    loggedInAt: row.logged_in_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    ipAddress: row.ip_address ?? undefined,
    userAgent: row.user_agent ?? undefined,
  };
}

function toSession(row: SessionRow): Session {
  return Session.fromRecord({
    id: row.session_id,
    userId: row.user_id,
    refreshTokenHash: row.refresh_token_hash,
    familyId: row.family_id,
    loggedInAt: row.logged_in_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    rotatedAt: row.rotated_at ?? undefined,
    revokedAt: row.family_revoked_at ?? undefined,
    ipAddress: row.ip_address ?? undefined,
    userAgent: row.user_agent ?? undefined,
  });
}
