import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const accountName = 'postgres';

/** An account of the operating system, by its numbers. */
export interface PostgresAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * What the PostgreSQL programs see of our environment: nothing that could change their answers, and none of our secrets,
 * because the server may outlive us.
 */
export const postgresEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const;

/**
 * The account that runs the server: `undefined` stands for our own.
 *
 * PostgreSQL refuses to run as root. For root it is therefore the owner of the cluster where there is one already,
 * else the system's user `postgres`, which is created when it is missing.
 */
export async function findPostgresAccount(clusterDirectory: string): Promise<PostgresAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(clusterDirectory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (await lookUpAccount()) ?? createAccount();
}

async function lookUpAccount(): Promise<PostgresAccount | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', accountName]), run('id', ['-g', accountName])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function createAccount(): Promise<PostgresAccount> {
  let cause: unknown;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', accountName]);
  } catch (error) {
    // Another process may have created it in the same moment; what counts is whether it exists now.
    cause = error;
  }
  const account = await lookUpAccount();
  if (account !== undefined) return account;
  throw new Error(
    `PostgreSQL refuses to run as root, and its user "${accountName}" could not be created. ` +
      'Start the service as an ordinary user, or set DATABASE_URL.',
    { cause },
  );
}
