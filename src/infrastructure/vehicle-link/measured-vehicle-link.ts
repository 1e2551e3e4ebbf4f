import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import type { Measurements } from '#application/ports/measurements.js';
import type { VehicleLink } from '#application/ports/vehicle-link.js';

/** The same link, whose exchanges are timed: to the last answer, the failure, or the moment when nobody wants more. */
export function measuredVehicleLink(
  link: VehicleLink,
  measurements: Pick<Measurements, 'vehicleExchanged'>,
): VehicleLink {
  return {
    close: () => link.close(),
    send: async function* (target, request, options) {
      const startMillis = performance.now();
      let outcome = 'abandoned';
      try {
        yield* link.send(target, request, options);
        outcome = 'answered';
      } catch (error) {
        if (error instanceof VehicleLinkFailure) outcome = error.code;
        throw error;
      } finally {
        measurements.vehicleExchanged(outcome, (performance.now() - startMillis) / 1000);
      }
    },
  };
}
