import type { Measurements } from '#application/ports/measurements.js';

/** Counts nothing. */
export const noMeasurements: Measurements = {
  commandMoved: () => {},
  requestAnswered: () => {},
  vehicleExchanged: () => {},
  unitOpened: () => {},
  unitFailed: () => {},
  loginRefused: () => {},
  throttleFellBack: () => {},
  rowsPurged: () => {},
  purgeUpToDate: () => {},
};
