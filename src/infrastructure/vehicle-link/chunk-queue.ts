/** How the flow of chunks is held back and let go on. */
export interface Flow {
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Above this a slow reader holds the sender back. */
const highWaterBytes = 256 * 1024;

/**
 * The pieces of a body on their way from the connection to one reader, in order. It holds the sender back when the reader
 * is slow. An end or a failure comes after all pieces; only `cancel` jumps the queue.
 *
 * open → ended | failed | cancelled; the first of them stays.
 */
export class ChunkQueue implements AsyncIterable<Buffer> {
  private chunks: Buffer[] = [];
  private size = 0;
  private isPaused = false;
  private isEnded = false;
  private error: unknown;
  private wake: (() => void) | undefined;

  constructor(private readonly flow: Flow) {}

  push(chunk: Buffer): void {
    if (this.isEnded) return;
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size > highWaterBytes && !this.isPaused) {
      this.isPaused = true;
      this.flow.pause();
    }
    this.wake?.();
  }

  /** The body is complete, or, with an error, it never will be. */
  end(error?: unknown): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.error = error;
    this.wake?.();
  }

  /** Nobody wants the rest: the reader ends at once, with the error if there is one. */
  cancel(error?: unknown): void {
    if (this.isEnded) return;
    this.chunks = [];
    this.end(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const { chunks } = this;
      if (chunks.length > 0) {
        this.chunks = [];
        this.size = 0;
        yield* chunks;
        this.letGoOn();
        continue;
      }
      if (this.isEnded) {
        if (this.error !== undefined) throw this.error as Error;
        return;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private letGoOn(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.flow.resume();
  }
}
