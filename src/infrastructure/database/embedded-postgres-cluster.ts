import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { postgresEnvironment, type PostgresAccount } from './embedded-postgres-account.js';
import type { PostgresBinaries } from './embedded-postgres-binaries.js';

const run = promisify(execFile);

/** The superuser of an embedded cluster, which is the user of the service too. */
export const embeddedUser = 'sovd_fleet';

/** Where the parts of an embedded database lie below its data directory. */
export interface ClusterPaths {
  /** What PostgreSQL calls its data directory; belongs to the account that runs the server. */
  readonly cluster: string;
  /** Belongs to us, mode 0600. */
  readonly passwordFile: string;
  /** What the server writes on its standard error. */
  readonly logFile: string;
}

/** A server as its lock file tells of it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Whether it accepts connections; it doesn't while it starts, recovers or stops. */
  readonly isReady: boolean;
}

/** The paths below `dataDirectory`, which has to be absolute. */
export function clusterPaths(dataDirectory: string): ClusterPaths {
  return {
    cluster: path.join(dataDirectory, 'cluster'),
    passwordFile: path.join(dataDirectory, 'password'),
    logFile: path.join(dataDirectory, 'postgres.log'),
  };
}

/**
 * How the server is told its data directory: by a name that works for the account which runs it.
 *
 * Another account than ours may not be able to walk to the directory (a checkout in a home directory, a temporary one).
 * It need not: it is started inside of it, and Linux leads `/proc/self/cwd` straight there. So the data stays where it was
 * asked for.
 */
export function clusterAsSeenByServer(cluster: string, account: PostgresAccount | undefined): string {
  return account !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

/** Whether there is a cluster; throws when that cannot be told, because the directory is somebody else's. */
export async function isInitialised(dataDirectory: string): Promise<boolean> {
  try {
    await stat(path.join(clusterPaths(dataDirectory).cluster, 'PG_VERSION'));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw new Error(`The database in ${dataDirectory} belongs to another user, or cannot be read.`, { cause: error });
  }
}

/**
 * Makes a cluster with a password of its own, which asks for that password over TCP and knows no other way in.
 * Whoever looks sees all of it or nothing: it is made beside `dataDirectory` and then renamed. When another process is
 * faster, its cluster stays.
 */
export async function initialiseCluster(
  dataDirectory: string,
  binaries: PostgresBinaries,
  account: PostgresAccount | undefined,
): Promise<void> {
  const stagingPrefix = `${dataDirectory}.initialising-`;
  const staging = `${stagingPrefix}${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(path.dirname(dataDirectory), { recursive: true });
  await removeAbandoned(stagingPrefix);
  try {
    await fillCluster(clusterPaths(staging), binaries, account);
    await rename(staging, dataDirectory);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
    if (await isInitialised(dataDirectory)) return;
    throw new Error(`${dataDirectory} is not empty, and what is in it is no database of this service.`, {
      cause: error,
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function fillCluster(
  { cluster, passwordFile }: ClusterPaths,
  { initdb }: PostgresBinaries,
  account: PostgresAccount | undefined,
): Promise<void> {
  const directory = path.dirname(cluster);
  await mkdir(cluster, { recursive: true });
  await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  // initdb reads the password file as the other account, for which the way to it is one step up from the cluster.
  await chmod(directory, account === undefined ? 0o700 : 0o711);
  await chmod(cluster, 0o700);
  if (account !== undefined) {
    await chown(cluster, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  const options = [
    `--pgdata=${clusterAsSeenByServer(cluster, account)}`,
    `--username=${embeddedUser}`,
    '--pwfile=../password',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Unicode's rules as PostgreSQL itself has them: the same order and case mapping on every machine.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
  await run(initdb, options, { ...account, cwd: cluster, env: postgresEnvironment });
  if (account !== undefined) await chown(passwordFile, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
}

/** What processes left behind that were killed while they initialised. Their number follows the prefix. */
async function removeAbandoned(prefix: string): Promise<void> {
  const parent = path.dirname(prefix);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(path.basename(prefix))) continue;
    const pid = Number.parseInt(name.slice(path.basename(prefix).length), 10);
    if (!isAlive(pid)) await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

/**
 * The server that runs on this cluster, whoever started it.
 *
 * The lock file alone doesn't say: after a crash, or in a copied directory, the process it names may be any other.
 * PostgreSQL would refuse to start then, so a lock file whose process lives but isn't the cluster's server is removed here.
 */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const lockFile = path.join(cluster, 'postmaster.pid');
  const text = await readFile(lockFile, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  });
  // Line 1 is the process, 4 the port, 8 the status; they are written in this order while the server starts.
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  if (await servesCluster(pid, cluster)) {
    return { pid, port: Number(lines[3]), isReady: lines[7] === 'ready' };
  }
  if (isAlive(pid)) await rm(lockFile, { force: true });
  return undefined;
}

/** Whether the process works on this cluster: every PostgreSQL server has its data directory as its working directory. */
async function servesCluster(pid: number, cluster: string): Promise<boolean> {
  try {
    if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(cluster));
    const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes(cluster);
  } catch {
    return false;
  }
}

/** Whether there is such a process, be it ours or somebody else's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
