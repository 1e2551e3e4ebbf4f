import type { Actor } from '../domain/actor.js';
import { CredentialsUnreadable } from '../domain/vehicle-credentials.js';
import type { CredentialVault } from '../ports/credential-vault.js';
import type { Log } from '../ports/log.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { SealedEntry } from '../ports/vehicle-credential-repository.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly credentialVault: CredentialVault;
  readonly audit: AuditAct;
  readonly log: Log;
}

/** What came of a rotation. */
export interface Rotation {
  /** How many credentials have been sealed again. */
  readonly resealed: number;
  /** Vehicles whose credentials can't be read with any key; they stay as they are. */
  readonly unreadable: readonly string[];
}

interface Step extends Rotation {
  readonly last: string | undefined;
}

/**
 * Seals all credentials again that are not sealed with the first key, in steps of a unit each, so that commands go on
 * meanwhile. Repeating it is harmless, and when it was broken off it goes on where it was.
 */
export function rotateCredentials({ units, credentialVault, audit, log }: Dependencies) {
  return async (actor: Actor, stepSize = 100): Promise<Rotation> => {
    let resealed = 0;
    const unreadable: string[] = [];
    let after: string | undefined;
    do {
      const from = after;
      const step = await units.withUnit('write', (work) => rotateStep(work, actor, from, stepSize));
      resealed += step.resealed;
      unreadable.push(...step.unreadable);
      after = step.last;
    } while (after !== undefined);
    return { resealed, unreadable };
  };

  async function rotateStep(work: Work, actor: Actor, after: string | undefined, limit: number): Promise<Step> {
    const { keyId } = credentialVault;
    const entries = await work.vehicleCredentials.lockSealedOtherwise(keyId, after, limit);
    const unreadable: string[] = [];
    for (const entry of entries) {
      const again = seal(entry);
      if (again === undefined) unreadable.push(entry.vehicleId);
      else work.vehicleCredentials.reseal(again);
    }
    const resealed = entries.length - unreadable.length;
    if (resealed > 0) {
      work.auditLog.append(
        audit(actor, {
          action: 'credentials.rotate',
          entityType: 'service',
          outcome: 'success',
          details: { key_id: keyId, count: resealed },
        }),
      );
    }
    return { resealed, unreadable, last: entries.at(-1)?.vehicleId };
  }

  function seal({ vehicleId, sealed }: SealedEntry): SealedEntry | undefined {
    try {
      const credentials = credentialVault.open(sealed, vehicleId);
      return { vehicleId, sealed: credentialVault.seal(credentials, vehicleId, sealed.origin) };
    } catch (error) {
      if (!(error instanceof CredentialsUnreadable)) throw error;
      log.error({ err: error, vehicle_id: vehicleId, key_id: sealed.keyId }, 'credentials could not be sealed again');
      return undefined;
    }
  }
}
