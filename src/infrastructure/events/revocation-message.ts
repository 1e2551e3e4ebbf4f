import type { Revocation } from '#application/domain/revocation.js';

/** Revocations as one instance tells another. */
export interface RevocationMessage {
  /** The instance that tells. */
  readonly from: string;
  readonly revocations: readonly Revocation[];
}

/** The message as text. */
export function writeRevocationMessage({ from, revocations }: RevocationMessage): string {
  const entries = revocations.map((revocation) =>
    revocation.kind === 'session'
      ? { session_id: revocation.sessionId }
      : { user_id: revocation.userId, access_version: revocation.accessVersion },
  );
  return JSON.stringify({ from, revocations: entries });
}

/** The message in a text, or undefined when there is none in it. */
export function readRevocationMessage(text: string): RevocationMessage | undefined {
  const value = parseJson(text);
  const from = memberOf(value, 'from');
  const entries = memberOf(value, 'revocations');
  if (typeof from !== 'string' || !Array.isArray(entries)) return undefined;
  const revocations = entries.map(toRevocation).filter((revocation) => revocation !== undefined);
  return revocations.length === entries.length ? { from, revocations } : undefined;
}

function toRevocation(entry: unknown): Revocation | undefined {
  const sessionId = memberOf(entry, 'session_id');
  if (typeof sessionId === 'string') return { kind: 'session', sessionId };
  const userId = memberOf(entry, 'user_id');
  const accessVersion = memberOf(entry, 'access_version');
  if (typeof userId !== 'string' || !Number.isSafeInteger(accessVersion)) return undefined;
  return { kind: 'user', userId, accessVersion: accessVersion as number };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
