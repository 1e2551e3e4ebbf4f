import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Work } from '../ports/unit-of-work.js';
import type { Account } from '../ports/user-repository.js';

/** The account of whoever asks, with the fleets that they work with. */
export async function showAccount(work: Pick<Work, 'users'>, actor: UserActor): Promise<Account> {
  const account = await work.users.loadAccount(actor.userId);
  if (account === undefined) throw new ApplicationError('not-authenticated', 'The account does not exist any more.');
  return account;
}
