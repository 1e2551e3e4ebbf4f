import type { Response } from 'express';

/** Header fields of a reply. Values must not come from a request unchecked. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** An answer that is yet to be sent. */
export interface Reply<Status extends number = number, Body = unknown> {
  readonly status: Status;
  /** A plain, presented value; undefined sends no body. */
  readonly body: Body;
  readonly headers: ReplyHeaders;
}

/** Any status; for the ones that have no function of their own. Sends nothing. */
export function reply<const Status extends number, Body>(
  status: Status,
  body: Body,
  headers: ReplyHeaders = {},
): Reply<Status, Body> {
  return { status, body, headers };
}

/** 200. Sends nothing. */
export function ok<Body>(body: Body, headers: ReplyHeaders = {}): Reply<200, Body> {
  return reply(200, body, headers);
}

/** 201, with the path of what was made. Sends nothing. */
export function created<Body>(body: Body, location: string, headers: ReplyHeaders = {}): Reply<201, Body> {
  return reply(201, body, { ...headers, Location: location });
}

/** 202, with the path where the outcome can be seen. Sends nothing. */
export function accepted<Body>(
  body: Body,
  { location, headers = {} }: { readonly location: string; readonly headers?: ReplyHeaders },
): Reply<202, Body> {
  return reply(202, body, { ...headers, Location: location });
}

/** 204. Sends nothing. */
export function noContent(headers: ReplyHeaders = {}): Reply<204, undefined> {
  return reply(204, undefined, headers);
}

/** From this many bytes on, a body leaves as a piece of its own: Node copies a shorter one behind the head. */
const longBody = 4096;

/** Sends a reply as JSON (RFC 8259). Nothing is written before the body has been serialised. */
export function sendReply(response: Response, { status, body, headers }: Reply): void {
  const text = body === undefined ? undefined : JSON.stringify(body);
  response.status(status).set(headers);
  if (text === undefined) {
    response.end();
    return;
  }
  const length = Buffer.byteLength(text);
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', length);
  if (length >= longBody) {
    response.cork();
    response.flushHeaders();
  }
  // Mere ASCII is the same in both, and Latin-1 is how the engine keeps it: nothing has to be encoded.
  response.end(text, length === text.length ? 'latin1' : 'utf8');
}
