import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const program = fileURLToPath(import.meta.resolve('#simulator/main.js'));

interface Run {
  readonly child: ChildProcess;
  /** Everything printed so far, both channels. */
  readonly text: () => string;
  readonly exited: Promise<unknown[]>;
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [program, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const channel of [child.stdout, child.stderr]) channel.on('data', (piece: Buffer) => (text += piece.toString()));
  // `close` comes after the last output, `exit` may come before it.
  return { child, text: () => text, exited: once(child, 'close') };
}

async function printed(started: Run, wanted: string): Promise<void> {
  while (!started.text().includes(wanted)) {
    await Promise.race([once(started.child.stdout ?? started.child, 'data'), started.exited]);
    if (started.child.exitCode !== null) throw new Error(`It ended: ${started.text()}`);
  }
}

describe('simulator: the program', () => {
  const runs: Run[] = [];
  const begin = (args: readonly string[], environment?: Readonly<Record<string, string>>): Run => {
    const started = run(args, environment);
    runs.push(started);
    return started;
  };
  afterEach(async () => {
    for (const { child, exited } of runs.splice(0)) {
      child.kill('SIGKILL');
      await exited;
    }
  });

  it('started: one line per vehicle with VIN, model and base; options win over the environment', async () => {
    const started = begin(['--port', '0', '--vehicles', '3'], { SIMULATOR_VEHICLES: '7', SIMULATOR_HOST: '127.0.0.1' });
    await printed(started, 'Control endpoint');
    const lines = started
      .text()
      .split('\n')
      .filter((line) => /^[A-Z0-9]{17} {2}/u.test(line));
    expect(lines).to.have.length(3);
    const base = /http:\S+/u.exec(lines[0] ?? '')?.[0] ?? '';
    expect((await fetch(`${base}/components`)).status).to.equal(200);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} with a stream open: exits with 0`, async () => {
      const started = begin([], { SIMULATOR_PORT: '0' });
      await printed(started, 'Control endpoint');
      const base = /http:\S+/u.exec(started.text())?.[0] ?? '';
      const stream = await fetch(`${base}/apps/diagnostic-recorder/data/stream/events?x-interval-millis=60000`);
      expect(stream.status).to.equal(200);
      started.child.kill(signal);
      const reading = stream.text().catch(() => 'cut');
      expect(await started.exited).to.deep.equal([0, null]);
      expect(await reading).to.equal('cut');
    });
  }

  it('a port that is taken: says so in one line and exits with 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    try {
      const { port } = holder.address() as AddressInfo;
      const started = begin(['--port', port.toString()]);
      expect(await started.exited).to.deep.equal([1, null]);
      expect(started.text()).to.match(new RegExp(`^Port ${port} is taken\\.[^\\n]*\\n$`, 'u'));
    } finally {
      holder.close();
    }
  });

  it('wrong arguments: names every one of them and exits with 2', async () => {
    const wrong = begin(['--port', 'nine', '--vehicles', '0', '--public-url', 'ftp://x']);
    expect(await wrong.exited).to.deep.equal([2, null]);
    for (const name of ['--port: ', '--vehicles: ', '--public-url: ']) expect(wrong.text()).to.include(name);
    const unknown = begin(['--speed', '9']);
    expect(await unknown.exited).to.deep.equal([2, null]);
    expect(unknown.text()).to.include('--speed');
  });

  it('--help: the options, exit with 0', async () => {
    const helped = begin(['--help']);
    expect(await helped.exited).to.deep.equal([0, null]);
    expect(helped.text()).to.include('--vehicles N');
  });

  it('a public URL: stands in the bases that are printed', async () => {
    const started = begin(['--port', '0'], { SIMULATOR_PUBLIC_URL: 'http://cars.example:8080/' });
    await printed(started, 'Control endpoint');
    expect(started.text()).to.include('http://cars.example:8080/car-1/sovd/v1');
  });
});
