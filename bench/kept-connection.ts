import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire, with the marks of its chunks in it. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
}

const endOfHead = '\r\n\r\n';
const endOfChunks = '\r\n0\r\n\r\n';

/**
 * An HTTP/1.1 connection that is kept, with one request on it at a time. Reads only what the service sends: a body with a length,
 * or in chunks. Clients share the processors with what is measured, and a whole HTTP client takes half as much again of them.
 */
export class KeptConnection {
  readonly #url: URL;
  #socket: Socket | undefined;
  #received = '';
  #answered: ((answer: PlainAnswer) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Sends a request with its header lines, and resolves to the whole answer. */
  ask(method: 'GET' | 'POST', path: string, headerLines: string, body = ''): Promise<PlainAnswer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
      const socket = (this.#socket ??= this.#open());
      socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.#url.host}\r\n${headerLines}${length}\r\n${body}`);
    });
  }

  /** The service closes a connection that was idle for some seconds. */
  #open(): Socket {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
    // A byte is a character, so that none is cut in two; bodies are not read as text.
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => {
      this.#socket = undefined;
      this.#failed?.(new Error('the service closed the connection'));
    });
    return socket;
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(endOfHead);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const bodyStart = headEnd + endOfHead.length;
    const length = /\r\ncontent-length: (\d+)/iu.exec(head)?.[1];
    const isWhole =
      length === undefined ? this.#received.endsWith(endOfChunks) : this.#received.length >= bodyStart + Number(length);
    if (!isWhole) return;
    const answer = {
      status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
      body: this.#received.slice(bodyStart),
    };
    this.#received = '';
    this.#failed = undefined;
    this.#answered?.(answer);
  }
}
