import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';

import { responseTooLarge } from './link-failures.js';

/** What may still be handed on as answers to one request. Looks at an execution that show nothing new cost nothing. */
export class ResponseBudget {
  private bytes: number;

  constructor(
    /** No single answer may be larger, whatever is left. */
    readonly maxBytes: number,
    private responses: number,
  ) {
    this.bytes = maxBytes;
  }

  /** One more answer of this size. Throws `response-too-large` or `too-many-responses` when that is one too much. */
  spend(bytes: number): void {
    if (bytes > this.bytes) throw responseTooLarge();
    if (this.responses <= 0) {
      const message = 'The vehicle sent more answers than the command may receive.';
      throw new VehicleLinkFailure('too-many-responses', message, false, false);
    }
    this.bytes -= bytes;
    this.responses -= 1;
  }
}
