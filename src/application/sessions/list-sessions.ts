import type { UserActor } from '../domain/actor.js';
import type { Login } from '../domain/session.js';
import type { Page, PageRequest } from '../ports/paging.js';
import type { Work } from '../ports/unit-of-work.js';

/** A login of somebody, and whether it is the one that they ask in. */
export interface OwnLogin extends Login {
  readonly isCurrent: boolean;
}

/** A page of the actor's own logins that stand, newest first. */
export async function listSessions(
  work: Pick<Work, 'sessions'>,
  actor: UserActor,
  page: PageRequest,
): Promise<Page<OwnLogin>> {
  const { items, next } = await work.sessions.listLogins(actor.userId, page);
  return { items: items.map((login) => ({ ...login, isCurrent: login.familyId === actor.sessionId })), next };
}
