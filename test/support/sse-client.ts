import { createParser } from 'eventsource-parser';

/** An event of a stream, its data read. */
export interface ReceivedEvent {
  readonly id: number;
  readonly event: string;
  readonly data: any;
}

/** What a stream gave until it ended, or until it was broken off. */
export interface ReceivedStream {
  readonly status: number;
  readonly events: readonly ReceivedEvent[];
  readonly comments: readonly string[];
  readonly retryMillis: number | undefined;
}

interface Options {
  readonly token: string;
  /** `Last-Event-ID`. */
  readonly after?: number | string;
  /** Breaks off when so many events have come. */
  readonly stopAfter?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ReceivedEvent) => void;
  readonly onOpen?: () => void;
}

/** Reads an event stream to its end. */
export async function readStream(url: string, options: Options): Promise<ReceivedStream> {
  const { token, after, stopAfter, signal, onEvent, onOpen } = options;
  const hangUp = new AbortController();
  const events: ReceivedEvent[] = [];
  const comments: string[] = [];
  let retryMillis: number | undefined;
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      const received = { id: Number(id), event: event ?? '', data: JSON.parse(data) };
      events.push(received);
      onEvent?.(received);
    },
    onComment: (text) => comments.push(text),
    onRetry: (value) => (retryMillis = value),
  });
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}`, ...(after === undefined ? {} : { 'last-event-id': String(after) }) },
    signal: signal === undefined ? hangUp.signal : AbortSignal.any([hangUp.signal, signal]),
  });
  onOpen?.();
  try {
    if (response.status === 200 && response.body !== null) {
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        parser.feed(text);
        if (stopAfter !== undefined && events.length >= stopAfter) break;
      }
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    hangUp.abort();
  }
  return { status: response.status, events, comments, retryMillis };
}
