import { createServer, type ServerResponse } from 'node:http';

// A program: one SOVD server for any number of vehicles, which answers each read at once. The base of a vehicle is
// `/v/<n>`; behind `/slow/<millis>/<n>` it takes its time, and behind `/never/<n>` it says nothing at all. The value of each
// data item is the time at which it was sent, in milliseconds, so that a client can tell how long it was under way.

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const [, kind, second = '0'] = (request.url ?? '').split('/');
  const id = decodeURIComponent(request.url?.split('/').at(-1) ?? '');
  request.resume();
  if (kind === 'never') return;
  if (kind === 'slow') setTimeout(() => answer(response, id), Number(second));
  else answer(response, id);
});

function answer(response: ServerResponse, id: string): void {
  const body = JSON.stringify({ id, data: { sent_at: performance.timeOrigin + performance.now() } });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

server.listen(Number(process.env['PORT']), '127.0.0.1');
