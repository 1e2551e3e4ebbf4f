import { VehicleLinkFailure } from '../domain/sovd/exchange.js';
import type { Contact } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { Log } from '../ports/log.js';
import { vehicleTarget, type VehicleLink } from '../ports/vehicle-link.js';
import type { VehicleWithCredentials } from '../ports/vehicle-repository.js';

interface Dependencies {
  readonly vehicleLink: Pick<VehicleLink, 'send'>;
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly log: Log;
  /** How long a vehicle may take to answer. */
  readonly timeoutSeconds: number;
}

/** More than any list of versions; what it says isn't read anyway. */
const maxResponseBytes = 65_536;

/**
 * Asks a vehicle which versions of SOVD it speaks: every server has this, it is open without a login, and it touches nothing
 * in the vehicle. Any answer shows that the vehicle is there. Undefined: nothing was learned, because the signal aborted or
 * something is wrong on our side.
 */
export function probeVehicle({ vehicleLink, clock, identifiers, log, timeoutSeconds }: Dependencies) {
  return async (found: VehicleWithCredentials, signal: AbortSignal): Promise<Contact | undefined> => {
    const ended = new AbortController();
    const late = new AbortController();
    void clock.sleep(timeoutSeconds * 1000, ended.signal).then(() => late.abort());
    try {
      const answers = vehicleLink.send(
        vehicleTarget(found),
        { method: 'GET', path: 'version-info' },
        {
          commandId: identifiers.next(),
          signal: AbortSignal.any([signal, late.signal]),
          stop: ended.signal,
          timeoutSeconds,
          maxResponseBytes,
        },
      );
      for await (const _answer of answers) break;
      return { status: 'connected', at: clock.now() };
    } catch (error) {
      if (signal.aborted) return undefined;
      if (late.signal.aborted) return { status: 'error', at: clock.now(), errorCode: 'vehicle-timeout' };
      if (error instanceof VehicleLinkFailure) {
        // An address or credentials that we refuse to use say nothing about the vehicle.
        if (!error.concernsVehicle) return undefined;
        return { status: error.neverSent ? 'disconnected' : 'error', at: clock.now(), errorCode: error.code };
      }
      log.error({ err: error, vehicle_id: found.vehicle.id }, 'a vehicle could not be probed');
      return undefined;
    } finally {
      ended.abort();
    }
  };
}
