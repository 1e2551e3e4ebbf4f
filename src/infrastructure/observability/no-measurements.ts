import type { Measurements } from '#application/ports/measurements.js';

/** Counts nothing: for programs that nobody scrapes. */
export const noMeasurements: Measurements = {
  commandMoved: () => {},
  loginRefused: () => {},
  throttleFellBack: () => {},
};
