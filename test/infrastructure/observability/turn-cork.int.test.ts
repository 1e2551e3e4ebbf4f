import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

import { expect } from 'chai';

import { TurnCork } from '#infrastructure/observability/turn-cork.js';

const logModule = path.resolve(import.meta.dirname, '../../../src/infrastructure/observability/bunyan-log.js');

describe('TurnCork', () => {
  it('lines of one turn of the event loop: are one write, and those of the next one another', async () => {
    const writes: string[][] = [];
    const stream = new Writable({
      writev: (chunks, done) => {
        writes.push(chunks.map(({ chunk }) => String(chunk)));
        done();
      },
    });
    const cork = new TurnCork(stream);
    const write = (line: string): void => {
      cork.put();
      stream.write(line);
    };
    write('a');
    write('b');
    await Promise.resolve();
    write('c');
    expect(writes).to.deep.equal([]);
    await new Promise(setImmediate);
    write('d');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(writes).to.deep.equal([['a', 'b', 'c'], ['d']]);
  });

  it('a process that ends in the same turn: has written all its lines', async () => {
    // Its own exit is what is tested: it leaves no time for what would be written at the end of the turn.
    const program = `
      import { createBunyanLog } from '${pathToFileURL(logModule).href}';
      const log = createBunyanLog({ level: 'info' });
      for (let count = 0; count < 100; count += 1) log.info({ count }, 'last words');
      process.exit(0);`;
    const written = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ['--input-type=module', '--eval', program], (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error('the program failed', { cause: error }));
      });
    });
    const counts = written
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly count: number }).count);
    expect(counts).to.deep.equal(Array.from({ length: 100 }, (_, index) => index));
  });
});
