import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Secret } from './secret.js';
import { minSecretBytes, type JwtSecretSource } from './security-settings.js';

/** The secret that signs access tokens: as it was given, or out of its file. Throws as `loadOrMakeSecret` does. */
export async function obtainJwtSecret(source: JwtSecretSource): Promise<Secret> {
  return source.kind === 'given' ? source.secret : loadOrMakeSecret(source.file);
}

/**
 * The secret in a file that only its owner can read. Made when it isn't there: 64 random bytes, which is what HS512 wants.
 * Processes that start at the same moment end up with the same one. Throws when the file holds less than 32 bytes, or
 * can't be read or made.
 */
export async function loadOrMakeSecret(file: string): Promise<Secret> {
  return (await loadSecret(file)) ?? (await makeSecret(file));
}

async function loadSecret(file: string): Promise<Secret | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const value = text.trim();
  if (Buffer.byteLength(value) < minSecretBytes) {
    throw new Error(`${file} holds no secret of at least ${minSecretBytes} bytes. Remove it, and a new one is made.`);
  }
  await chmod(file, 0o600);
  return new Secret(value);
}

async function makeSecret(file: string): Promise<Secret> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  const value = randomBytes(64).toString('base64url');
  await writeFile(draft, `${value}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link appears whole or not at all, and never replaces the secret of a process that was faster.
    await link(draft, file);
    return new Secret(value);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return await loadOrMakeSecret(file);
  } finally {
    await unlink(draft);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
