interface Options<Value> {
  readonly read: () => Promise<Value>;
  /** For how long a value is good. */
  readonly maxAgeMillis: number;
  /** Nobody waits longer for a new one. */
  readonly timeoutMillis: number;
  readonly onFailure: (error: unknown) => void;
}

/**
 * A value that is costly to read, kept for a moment. While it is being read, everybody waits for the same reading; one that
 * fails or takes too long gives undefined, and isn't begun again before it has ended.
 */
export function recentValue<Value>({ read, maxAgeMillis, timeoutMillis, onFailure }: Options<Value>) {
  let value: Value | undefined;
  let goodUntilMillis = 0;
  let reading: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    try {
      value = await read();
    } catch (error) {
      onFailure(error);
      value = undefined;
    }
    goodUntilMillis = performance.now() + maxAgeMillis;
    reading = undefined;
  };

  return async (): Promise<Value | undefined> => {
    if (performance.now() < goodUntilMillis) return value;
    reading ??= refresh();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMillis);
    });
    const outcome = await Promise.race([reading, limit]);
    clearTimeout(timer);
    return outcome === 'late' ? undefined : value;
  };
}
