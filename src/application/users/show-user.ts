import { ApplicationError } from '../domain/errors.js';
import type { User } from '../domain/user.js';
import type { Work } from '../ports/unit-of-work.js';

/** An account. Throws `user-not-found`. */
export async function showUser(work: Pick<Work, 'users'>, userId: string): Promise<User> {
  const user = await work.users.load(userId);
  if (user === undefined) throw new ApplicationError('user-not-found', 'There is no such user.');
  return user;
}
