import type { IncomingMessage, ServerResponse } from 'node:http';

/** Writes a line to stdout for each request when the level asks for it, with the fields of the service's line. */
export function requestLine(logLevel: string): (request: IncomingMessage, response: ServerResponse) => void {
  if (logLevel !== 'info') return () => undefined;
  return (request, response) => {
    const start = performance.now();
    response.once('close', () => {
      const { method, url } = request;
      const durationMillis = Math.round((performance.now() - start) * 10) / 10;
      const line = {
        level: 30,
        time: new Date(),
        method,
        url,
        status: response.statusCode,
        duration_ms: durationMillis,
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    });
  };
}
