import { IncomingMessage, ServerResponse } from 'node:http';

import type { Express } from 'express';

/**
 * Requests and responses that are born as Express wants them, for `createServer`. Express gives each another prototype when it
 * arrives, after which no two are alike to the engine of Node.js 20 and 22: every access to one is looked up anew, which takes
 * more time than all the rest of Express. On these it finds its own prototypes and changes nothing.
 */
export function expressMessages(app: Express): {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
} {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  Object.assign(app, { request: ExpressRequest.prototype, response: ExpressResponse.prototype });
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}
