import { randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';

import type { Request, RequestHandler } from 'express';

import type { Origin } from '#application/domain/actor.js';
import type { Log, TaskLog } from '#application/ports/log.js';
import ipaddr from 'ipaddr.js';

/** What is known about a request from its first line on. */
export interface RequestContext {
  readonly requestId: string;
  readonly origin: Origin;
  /** Whose lines carry the request id, and what becomes known about the request. */
  readonly log: TaskLog;
}

const contexts = new WeakMap<Request, RequestContext>();

/** One that a client may choose: it ends up in logs, headers and the audit trail. */
const requestIdPattern = /^[A-Za-z0-9._-]{1,128}(?![\s\S])/u;

const maxUserAgentLength = 512;

/** The context of a request below `requestContext`. */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('the request has no context');
  return context;
}

/** Takes or makes the request id, sends it back with every answer, and puts it on the log of the request. */
export function requestContext(log: Log): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const requestId = given !== undefined && requestIdPattern.test(given) ? given : randomUUID();
    const origin = {
      ipAddress: plainAddress(request.ip),
      userAgent: plainUserAgent(request.get('user-agent')),
      requestId,
    };
    contexts.set(request, { requestId, origin, log: log.withFields({ request_id: requestId }) });
    response.setHeader('X-Request-Id', requestId);
    next();
  };
}

/** The address as the database takes it: IPv4 that came mapped into IPv6 is IPv4, and what is no address is none. */
function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || isIPv4(address)) return address;
  if (!ipaddr.isValid(address)) return undefined;
  return ipaddr.process(address).toString().split('%')[0];
}

function plainUserAgent(text: string | undefined): string | undefined {
  return text?.replaceAll(/\p{Cc}/gu, '').slice(0, maxUserAgentLength);
}
