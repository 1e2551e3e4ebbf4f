/** How long a password must be, in code points after its normalisation (NIST SP 800-63B-4 section 3.1.1.2). */
export const minPasswordLength = 12;

/** Far above what anybody types; it only bounds the work of the hash. */
export const maxPasswordLength = 1024;

/** A context word that is shorter says nothing. */
const minWordLength = 3;

/** What must be left of a password without the words that anybody would try. */
const minRestLength = 6;

const serviceWords = ['sovd-fleet', 'sovdfleet', 'sovd', 'fleet'];

/** What is known of an account to whoever guesses its password. */
export interface PasswordContext {
  readonly username: string;
  readonly email: string;
}

/** One form for all ways to type the same characters (Unicode NFKC), in which passwords are measured, hashed and compared. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * What is wrong with a new password, as a sentence that goes on from its name, or undefined. Length and what can be guessed
 * count; which sorts of characters it is made of doesn't.
 */
export function passwordComplaint(password: string, context: PasswordContext): string | undefined {
  const characters = Array.from(normalizePassword(password));
  if (characters.length < minPasswordLength) return `must have at least ${minPasswordLength} characters`;
  if (characters.length > maxPasswordLength) return `must have at most ${maxPasswordLength} characters`;
  const text = characters.join('').toLowerCase();
  if (isRepetition(text)) return 'must not be one short piece over and over';
  if (isRun(text)) return 'must not be a plain run of characters';
  if (isMadeOfKnownWords(text, context)) {
    return 'must not be made of the username, the e-mail address or the name of the service';
  }
  return undefined;
}

/** A piece of up to four characters, repeated: `aaaaaaaaaaaa`, `abcabcabcabc`. */
function isRepetition(text: string): boolean {
  return [1, 2, 3, 4].some((period) => hasPeriod(text, period));
}

function hasPeriod(text: string, period: number): boolean {
  return text.slice(period) === text.slice(0, -period);
}

/** Characters that follow each other in the alphabet or among the digits, up or down: `abcdefghijkl`, `987654321098`. */
function isRun(text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  return [1, -1].some((step) =>
    codes.every((code, index) => {
      const before = codes[index - 1];
      if (before === undefined || code === before + step) return true;
      const [last, first] = step === 1 ? ['9', '0'] : ['0', '9'];
      return before === last.codePointAt(0) && code === first.codePointAt(0);
    }),
  );
}

function isMadeOfKnownWords(text: string, { username, email }: PasswordContext): boolean {
  const words = [username, email, email.split('@', 1)[0] ?? '', ...serviceWords]
    .map((word) => normalizePassword(word).toLowerCase())
    .filter((word) => word.length >= minWordLength)
    .sort((one, other) => other.length - one.length);
  let rest = text;
  for (const word of words) rest = rest.replaceAll(word, '');
  return rest !== text && Array.from(rest).length < minRestLength;
}
