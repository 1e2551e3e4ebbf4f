import { auditAct } from '#application/record/audit-act.js';
import { rotateCredentials } from '#application/vehicles/rotate-credentials.js';
import { obtainCredentialKeys } from '#config/credential-keys.js';
import { readEnvironment } from '#config/environment.js';
import { loadSettings } from '#config/settings.js';
import { openDatabase } from '#infrastructure/database/open-database.js';
import { SequelizeUnitsOfWork } from '#infrastructure/database/sequelize-units-of-work.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import { openCredentialVault } from '#infrastructure/security/aes-gcm-credential-vault.js';
import { systemClock as clock, uuidV7Identifiers as identifiers } from '#infrastructure/system.js';

/** `npm run rotate-credentials`: seals the credentials of all vehicles again with the first key of `CREDENTIALS_KEYS`. */
async function run(): Promise<void> {
  const settings = loadSettings(readEnvironment());
  const credentialVault = openCredentialVault(await obtainCredentialKeys(settings.credentials.keys));
  const log = createBunyanLog({ level: 'warn' });
  const database = await openDatabase(settings.database, log);
  try {
    const rotate = rotateCredentials({
      units: new SequelizeUnitsOfWork(database.sequelize, log, settings.database),
      credentialVault,
      audit: auditAct({ clock, identifiers }),
      log,
    });
    const { resealed, unreadable } = await rotate({ kind: 'service', name: 'rotate-credentials' });
    console.log(`${resealed} credentials are sealed again with the key ${credentialVault.keyId}`);
    if (unreadable.length === 0) return;
    console.error(
      `${unreadable.length} cannot be read with any of the keys, of the vehicles: ${unreadable.join(', ')}`,
    );
    process.exitCode = 1;
  } finally {
    await database.close();
  }
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
