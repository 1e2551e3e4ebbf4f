import { setTimeout as sleep } from 'node:timers/promises';

import { WebSocket } from 'undici';

import type { Listening } from './processes.js';

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

/** Looks into a process that was started with `--inspect`, over the protocol of V8's inspector. */
export class Inspector {
  readonly #socket: WebSocket;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Connects to a process, which has told its address on stderr. */
  static async of(process: Pick<Listening, 'errors'>): Promise<Inspector> {
    let address: string | undefined;
    for (let tries = 0; address === undefined && tries < 100; tries += 1) {
      address = /ws:\/\/\S+/u.exec(await process.errors())?.[0];
      if (address === undefined) await sleep(20);
    }
    if (address === undefined) throw new Error('the process has no inspector');
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', reject, { once: true });
    });
    return new Inspector(socket);
  }

  /** What JavaScript holds, buffers included, after everything else was collected. */
  async usedBytes(): Promise<number> {
    await this.#ask('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = (await this.#ask('Runtime.getHeapUsage')) as HeapUsage;
    return usedSize + backingStorageSize;
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const hear = ({ data }: { readonly data: unknown }): void => {
        const answer = JSON.parse(String(data)) as { readonly id?: number; readonly result?: unknown };
        if (answer.id !== id) return;
        this.#socket.removeEventListener('message', hear);
        resolve(answer.result);
      };
      this.#socket.addEventListener('message', hear);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}
