import { ApplicationError } from '../domain/errors.js';
import { normalizePassword, passwordComplaint, type PasswordContext } from '../domain/password-rules.js';
import type { KnownPasswords } from '../ports/known-passwords.js';

/** A new password, and for whom. */
export interface NewPassword {
  readonly password: string;
  readonly context: PasswordContext;
  /** Where it stands in the body (RFC 6901). */
  readonly pointer: string;
}

/** Lets a new password pass that is long enough and hard to guess (NIST SP 800-63B). Throws `invalid-request`. */
export async function requireGoodPassword(
  knownPasswords: KnownPasswords,
  { password, context, pointer }: NewPassword,
): Promise<void> {
  const complaint =
    passwordComplaint(password, context) ??
    ((await knownPasswords.includes(normalizePassword(password)))
      ? 'is one that many people have, so attackers try it first'
      : undefined);
  if (complaint === undefined) return;
  throw new ApplicationError('invalid-request', `The password ${complaint}.`, {
    complaints: [{ pointer, message: complaint }],
  });
}
