/** What a vehicle answers to one request, before any trouble gets in its way. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent means an empty body. */
  readonly body?: unknown;
  /** Frames of a text/event-stream body, instead of `body`. Ends when the client goes away. */
  readonly frames?: AsyncIterable<string>;
  /** Whether the request changed something on the vehicle: this is what the ledger keeps. */
  readonly changed: boolean;
}

/** 200 for a read. */
export function ok(body: unknown): Answer {
  return { status: 200, body, changed: false };
}

/** 200 for a request that did something. */
export function done(body: unknown): Answer {
  return { status: 200, body, changed: true };
}

/** 201 with the address of what was made. */
export function created(location: string, body: unknown): Answer {
  return { status: 201, headers: { Location: location }, body, changed: true };
}

/** 202 with the address where the progress can be seen. */
export function accepted(location: string, body?: unknown): Answer {
  return { status: 202, headers: { Location: location }, body, changed: true };
}

/** 204 after a change. */
export function noContent(): Answer {
  return { status: 204, changed: true };
}

/** 200 with a stream of server-sent events. */
export function eventStream(frames: AsyncIterable<string>): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/event-stream' }, frames, changed: false };
}
