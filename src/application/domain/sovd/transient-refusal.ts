import type { VehicleResponse } from '../response.js';
import { VehicleLinkFailure } from './exchange.js';

/** The vehicle refused a read for now (429, 502, 503, 504): asking again may help. */
export class TransientRefusal extends VehicleLinkFailure {
  constructor(
    /** What is to be stored, as the final response, when nobody asks again. */
    readonly response: VehicleResponse,
    retryAfterSeconds: number | undefined,
  ) {
    const { code, message } = response.refusal ?? { code: 'vehicle-error', message: 'The vehicle refused for now.' };
    super(code, message, false, true, retryAfterSeconds);
    this.name = 'TransientRefusal';
  }
}
