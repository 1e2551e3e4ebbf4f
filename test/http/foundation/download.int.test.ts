import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import { z } from 'zod';

import { ApplicationError } from '#application/domain/errors.js';
import { download } from '#http/endpoint.js';

import { expectProblem } from '../expect-problem.js';
import { closedGate } from './gate.js';
import { serve, tokenOf, until, type ServedEndpoints } from './served-endpoints.js';

type Pieces = (query: { readonly of?: string | undefined }) => AsyncIterable<string>;

/** GET /cars/export, whose pieces a test makes. */
function carExport(pieces: Pieces) {
  return download({
    path: '/cars/export',
    operationId: 'exportCars',
    tag: 'Cars',
    summary: 'All cars',
    role: 'viewer',
    query: z.object({ of: z.enum(['opel', 'audi']).optional() }),
    file: { mediaType: 'text/csv; header=present', fileName: 'cars.csv', description: 'A line for each car' },
    handle: (_units, _actor, { query }) => pieces(query),
  });
}

/** Expects a whole problem. */
async function expectRefusal(answering: Promise<Response>, status: number, code: string): Promise<void> {
  const answer = await answering;
  expectProblem({ status: answer.status, headers: answer.headers, body: await answer.json() }, status, code);
}

describe('download', () => {
  let served: ServedEndpoints | undefined;
  afterEach(() => served?.stop());

  const start = async (pieces: Pieces): Promise<ServedEndpoints> => (served = await serve([carExport(pieces)]));

  it('sends all pieces as one file with a name and a type', async () => {
    const service = await start(async function* ({ of }) {
      yield await Promise.resolve(`make\r\n`);
      yield `${of ?? 'none'} \u00e9\r\n`;
    });
    const answer = await service.fetch('/cars/export?of=audi', { role: 'viewer' });
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.equal('text/csv; header=present; charset=utf-8');
    expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="cars.csv"');
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    expect(await answer.text()).to.equal('make\r\naudi \u00e9\r\n');
  });

  it('answers an error before the first piece as a problem, and checks input and role as everywhere', async () => {
    const service = await start(async function* () {
      await Promise.resolve();
      throw new ApplicationError('database-unavailable', 'The database is away.');
      yield '';
    });
    await expectRefusal(service.fetch('/cars/export', { role: 'viewer' }), 503, 'database-unavailable');
    await expectRefusal(service.fetch('/cars/export?of=vw', { role: 'viewer' }), 400, 'invalid-request');
    await expectRefusal(service.fetch('/cars/export'), 401, 'not-authenticated');
  });

  it('breaks the connection off when a later piece fails, so that half a file is not taken for a whole one', async () => {
    const service = await start(async function* () {
      yield await Promise.resolve('make\r\n');
      throw new Error('the second page failed');
    });
    const reading = service.fetch('/cars/export', { role: 'viewer' }).then((answer) => answer.text());
    const outcome = await reading.then(
      () => 'whole',
      () => 'broken off',
    );
    expect(outcome).to.equal('broken off');
    expect(service.lines().filter(({ msg }) => msg === 'an answer was broken off')).to.have.length(1);
  });

  it('answers HEAD with the headers alone, and lets go of the pieces', async () => {
    let hasEnded = false;
    const service = await start(async function* () {
      try {
        yield await Promise.resolve('make\r\n');
        yield 'never asked for';
      } finally {
        hasEnded = true;
      }
    });
    const answer = await service.fetch('/cars/export', { role: 'viewer', method: 'HEAD' });
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="cars.csv"');
    expect(await answer.text()).to.equal('');
    await until(() => hasEnded);
  });

  it('makes no further pieces while its reader takes none, and lets go when the reader hangs up', async () => {
    let made = 0;
    let hasEnded = false;
    const service = await start(async function* () {
      try {
        for (;;) {
          made += 1;
          yield await Promise.resolve('x'.repeat(100_000));
        }
      } finally {
        hasEnded = true;
      }
    });
    const socket = connect(service.server.port, '127.0.0.1');
    socket.pause();
    socket.write(`GET /api/v1/cars/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf('viewer')}\r\n\r\n`);
    let before = -1;
    // Buffers of the system fill up first.
    while (made === 0 || before !== made) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Endless pieces of 100 kB: whoever didn't wait would be far beyond what sockets hold.
    expect(made).to.be.lessThan(500);
    expect(hasEnded).to.equal(false);
    socket.destroy();
    await until(() => hasEnded);
  });

  it('asks for nothing more when the reader hung up while a piece was made', async () => {
    const asked = closedGate();
    const goOn = closedGate();
    const steps: string[] = [];
    const service = await start(async function* () {
      try {
        yield 'make\r\n';
        asked.open();
        await goOn.passed;
        yield 'late\r\n';
        steps.push('asked again');
      } finally {
        steps.push('let go');
      }
    });
    const socket = connect(service.server.port, '127.0.0.1');
    socket.write(`GET /api/v1/cars/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf('viewer')}\r\n\r\n`);
    await once(socket, 'data');
    await asked.passed;
    socket.destroy();
    // The service has heard of the end of a connection when it has answered on one that was made later.
    await service.fetch('/cars/unknown', { role: 'viewer' });
    goOn.open();
    await until(() => steps.length > 0);
    expect(steps).to.deep.equal(['let go']);
  });
});
