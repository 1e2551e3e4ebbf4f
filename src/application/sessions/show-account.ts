import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { User } from '../domain/user.js';
import type { Work } from '../ports/unit-of-work.js';

/** The account of whoever asks. */
export async function showAccount(work: Pick<Work, 'users'>, actor: UserActor): Promise<User> {
  const user = await work.users.load(actor.userId);
  if (user === undefined) throw new ApplicationError('not-authenticated', 'The account does not exist any more.');
  return user;
}
