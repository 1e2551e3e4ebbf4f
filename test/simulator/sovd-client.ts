import { setTimeout as sleep } from 'node:timers/promises';

/** An answer with its body already read: JSON when it is JSON, else text; `undefined` when empty. */
export interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Speaks JSON to one base address, as one client. */
export class SovdClient {
  constructor(
    readonly baseUrl: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  get<Body = unknown>(path: string): Promise<Reply<Body>> {
    return this.send('GET', path);
  }

  put<Body = unknown>(path: string, body: unknown): Promise<Reply<Body>> {
    return this.send('PUT', path, JSON.stringify(body));
  }

  post<Body = unknown>(path: string, body: unknown = {}): Promise<Reply<Body>> {
    return this.send('POST', path, JSON.stringify(body));
  }

  delete<Body = unknown>(path: string): Promise<Reply<Body>> {
    return this.send('DELETE', path);
  }

  async send<Body>(
    method: string,
    path: string,
    text?: string,
    contentType = 'application/json',
  ): Promise<Reply<Body>> {
    const response = await fetch(this.baseUrl + path, {
      method,
      redirect: 'manual',
      headers: { ...this.headers, ...(text !== undefined && { 'content-type': contentType }) },
      ...(text !== undefined && { body: text }),
    });
    return { status: response.status, headers: response.headers, body: parsed(await response.text()) as Body };
  }
}

/** Asks again until the answer is as wanted; the test's own time limit ends a wait in vain. */
export async function eventually<Value>(
  ask: () => Promise<Value>,
  isWanted: (value: Value) => boolean,
): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (isWanted(value)) return value;
    await sleep(5);
  }
}

/** The JSON of every `data:` line of an event stream that ends by itself. */
export async function readEvents<Event>(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Event[]> {
  const response = await fetch(url, { headers });
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => JSON.parse(frame.replace(/^data: /u, '')) as Event);
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
