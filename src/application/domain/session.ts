/** How long a refresh token may be used. */
export const refreshTokenDays = 7;

/** The fields of a session, as they are kept. */
export interface SessionRecord {
  readonly id: string;
  readonly userId: string;
  /** SHA-256 of the refresh token, in hex. The token itself is never stored. */
  readonly refreshTokenHash: string;
  /** All sessions that came out of one login by rotation share it. */
  readonly familyId: string;
  /** When the family began. */
  readonly loggedInAt: Date;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly rotatedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly ipAddress: string | undefined;
  readonly userAgent: string | undefined;
}

/** A login that stands, through all its rotations. */
export interface Login {
  /** The family of its refresh tokens, and what access tokens call their session. */
  readonly familyId: string;
  readonly userId: string;
  readonly loggedInAt: Date;
  /** When tokens were got last, and from where. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly ipAddress: string | undefined;
  readonly userAgent: string | undefined;
}

/** One refresh token in the life of a login. Using it makes the next one; using it twice ends the whole family. */
export class Session implements SessionRecord {
  declare protected readonly nominal: 'Session';
  readonly id: string;
  readonly userId: string;
  readonly refreshTokenHash: string;
  readonly familyId: string;
  readonly loggedInAt: Date;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly rotatedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly ipAddress: string | undefined;
  readonly userAgent: string | undefined;

  private constructor(record: SessionRecord) {
    this.id = record.id;
    this.userId = record.userId;
    this.refreshTokenHash = record.refreshTokenHash;
    this.familyId = record.familyId;
    this.loggedInAt = record.loggedInAt;
    this.createdAt = record.createdAt;
    this.expiresAt = record.expiresAt;
    this.rotatedAt = record.rotatedAt;
    this.revokedAt = record.revokedAt;
    this.ipAddress = record.ipAddress;
    this.userAgent = record.userAgent;
  }

  /** A session as it was stored; nothing is checked again. */
  static fromRecord(record: SessionRecord): Session {
    return new Session(record);
  }

  /** The first session of a login. Its family has its id. */
  static open(
    fields: Pick<SessionRecord, 'id' | 'userId' | 'refreshTokenHash' | 'ipAddress' | 'userAgent'>,
    now: Date,
  ): Session {
    return new Session(openRecord(fields, now));
  }

  /** The session that follows this one in its family, with a new token. */
  successor(fields: Pick<SessionRecord, 'id' | 'refreshTokenHash' | 'ipAddress' | 'userAgent'>, now: Date): Session {
    const { userId, familyId, loggedInAt } = this;
    return new Session({ ...openRecord({ ...fields, userId }, now), familyId, loggedInAt });
  }

  /** Whether the refresh token was used before, so that its second use is a theft or a bug of the client. */
  get isRotated(): boolean {
    return this.rotatedAt !== undefined;
  }

  /** Whether the refresh token may be used now. */
  isUsable(now: Date): boolean {
    return this.rotatedAt === undefined && this.revokedAt === undefined && now < this.expiresAt;
  }
}

function openRecord(
  fields: Pick<SessionRecord, 'id' | 'userId' | 'refreshTokenHash' | 'ipAddress' | 'userAgent'>,
  now: Date,
): SessionRecord {
  return {
    ...fields,
    familyId: fields.id,
    loggedInAt: now,
    createdAt: now,
    expiresAt: new Date(now.getTime() + refreshTokenDays * 86_400_000),
    rotatedAt: undefined,
    revokedAt: undefined,
  };
}
