import type { KnownPasswords } from '#application/ports/known-passwords.js';

interface Options {
  /** Shorter ones are refused for their length, so they needn't be kept. */
  readonly minLength: number;
}

/** The dictionary of passwords of zxcvbn-ts, out of leaks. Read when it is first needed, which is seldom: it is large. */
export function createCommonPasswords({ minLength }: Options): KnownPasswords {
  let loading: Promise<ReadonlySet<string>> | undefined;
  async function load(): Promise<ReadonlySet<string>> {
    const { dictionary } = await import('@zxcvbn-ts/language-common');
    return new Set(
      dictionary['passwords-common']
        .filter((password) => password.length >= minLength)
        .map((password) => password.toLowerCase()),
    );
  }
  return { includes: async (password) => (await (loading ??= load())).has(password.toLowerCase()) };
}
