import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

import { auditAct } from '#application/record/audit-act.js';
import { minPasswordLength } from '#application/domain/password-rules.js';
import { emailPattern, roles, usernamePattern, type Role } from '#application/domain/user.js';
import { createUser } from '#application/users/create-user.js';
import { readEnvironment } from '#config/environment.js';
import { loadSettings } from '#config/settings.js';
import { openDatabase } from '#infrastructure/database/open-database.js';
import { SequelizeUnitsOfWork } from '#infrastructure/database/sequelize-units-of-work.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import { createArgon2PasswordHasher } from '#infrastructure/security/argon2-password-hasher.js';
import { createCommonPasswords } from '#infrastructure/security/common-passwords.js';
import { systemClock as clock, uuidV7Identifiers as identifiers } from '#infrastructure/system.js';

const usage = `npm run create-admin -- --username NAME --email ADDRESS [--role admin|engineer|viewer]
The password is taken from the environment variable ADMIN_PASSWORD (12 characters and more, not a well-known one); without it one is made and shown.`;

interface Account {
  readonly username: string;
  readonly email: string;
  readonly role: Role;
}

/** `npm run create-admin`: makes an account from the operator's side, an administrator unless another role is named. */
async function run(): Promise<void> {
  const account = readAccount();
  const environment = readEnvironment();
  const given = environment['ADMIN_PASSWORD'];
  const password = given ?? randomBytes(18).toString('base64url');
  const log = createBunyanLog({ level: 'warn' });
  const settings = loadSettings(environment).database;
  const database = await openDatabase(settings, log);
  try {
    const units = new SequelizeUnitsOfWork(database.sequelize, log, settings);
    const create = createUser({
      passwordHasher: createArgon2PasswordHasher({ concurrency: 1 }),
      knownPasswords: createCommonPasswords({ minLength: minPasswordLength }),
      clock,
      identifiers,
      audit: auditAct({ clock, identifiers }),
    });
    const user = await create(units, { kind: 'service', name: 'create-admin' }, { ...account, password });
    console.log(`created ${user.role} ${user.username} (${user.id})`);
    if (given === undefined) console.log(`password: ${password}`);
  } finally {
    await database.close();
  }
}

function readAccount(): Account {
  const { values } = parseArgs({
    options: { username: { type: 'string' }, email: { type: 'string' }, role: { type: 'string', default: 'admin' } },
  });
  const { username, email } = values;
  const role = roles.find((known) => known === values.role);
  if (username === undefined || !usernamePattern.test(username)) {
    throw new Error(`--username must be 1 to 64 characters without blanks\n${usage}`);
  }
  if (email === undefined || !emailPattern.test(email)) {
    throw new Error(`--email must be an e-mail address\n${usage}`);
  }
  if (role === undefined) throw new Error(`--role must be one of ${roles.join(', ')}\n${usage}`);
  return { username, email, role };
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
