/** What stands where something must not be shown. */
export const redacted = '[redacted]';

const secretKey =
  /passw|passphrase|pwd|secret|token|authori[sz]ation|cookie|credential|apikey|privatekey|jwt|databaseurl|redisurl/u;

/** Longer texts are cut before they are searched, so that a line costs a bounded time whatever is put into it. */
const maxSearchedCharacters = 32_768;
const maxCharacters = 8192;

interface Rule {
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** Each pattern has bounded parts or no choice to go back to, so none takes more than linear time. */
const rules: readonly Rule[] = [
  // The password in a connection string may itself hold an @ or a /, so all up to the last @ goes.
  { pattern: /\b((?:postgres(?:ql)?|rediss?):\/\/)[^\s"'<>]{0,2048}@/giu, replacement: `$1${redacted}@` },
  { pattern: /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'<>/?#]{0,2048}@/giu, replacement: `$1${redacted}@` },
  { pattern: /\b(bearer|basic)\s{1,4}[\w.~+/=-]{16,}/giu, replacement: `$1 ${redacted}` },
  { pattern: /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/gu, replacement: redacted },
  {
    pattern: /\b([\w-]{0,40}(?:password|passwd|secret|token|api_?key))("?\s?[=:]\s?"?)[^\s&;,"']+/giu,
    replacement: `$1$2${redacted}`,
  },
  // V8 quotes the rejected input, which may be a login's body.
  { pattern: /(?:\.\.\.)?"[\s\S]{0,200}? is not valid JSON/gu, replacement: `${redacted} is not valid JSON` },
];

/** What any of the rules finds has one of these in it, so most texts are looked through once. */
const suspicion = /:\/\/|(?:bearer|basic)\s|eyJ|passw|secret|token|api_?key|valid JSON/iu;

const knownKeys = new Map<string, boolean>();
const maxKnownKeys = 500;

/** Whether what a field of this name holds is never shown. */
export function isSecretKey(key: string): boolean {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const isSecret = secretKey.test(key.toLowerCase().replaceAll(/[-_.\s]/gu, ''));
  if (knownKeys.size < maxKnownKeys) knownKeys.set(key, isSecret);
  return isSecret;
}

/** The text without credentials, tokens and rejected input, and cut at 8192 characters. */
export function redactText(text: string): string {
  const searched = text.length > maxSearchedCharacters ? text.slice(0, maxSearchedCharacters) : text;
  const clean = suspicion.test(searched) ? withoutSecrets(searched) : searched;
  if (clean.length <= maxCharacters && searched === text) return clean;
  return `${clean.slice(0, maxCharacters)}[cut]`;
}

function withoutSecrets(text: string): string {
  return rules.reduce((result, { pattern, replacement }) => result.replaceAll(pattern, replacement), text);
}
