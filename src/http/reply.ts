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

/** Sends a reply as JSON (RFC 8259). Nothing is written before the body has been serialised. */
export function sendReply(response: Response, { status, body, headers }: Reply): void {
  const text = body === undefined ? undefined : JSON.stringify(body);
  response.status(status).set(headers);
  if (text === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
