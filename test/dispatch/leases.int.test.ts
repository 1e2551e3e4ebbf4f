import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { issueCertificate } from '#support/certificates.js';
import { useDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { tapDatabase, type WireTap } from '../http/wire-tap.js';
import { startTlsVehicle } from '../infrastructure/vehicle-link/tls-vehicle.js';
import { checkBooks } from './books.js';
import { eventually, openDesk, type CommandDesk } from './command-desk.js';

describe('a lease that may be over', () => {
  const database = useDatabase();
  let simulator: Simulator;
  let tap: WireTap;
  let program: RunningProgram;
  let desk: CommandDesk;
  let car: string;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1 });
    tap = await tapDatabase(database.url);
  });
  beforeEach(() => simulator.reset());
  afterEach(async () => {
    await program.stop();
    await checkBooks(database);
  });
  after(async () => {
    await tap.close();
    await simulator.close();
  });

  const start = async (pollMillis: number, variables: Readonly<Record<string, string>> = {}): Promise<void> => {
    program = await startProgram(tap.url, {
      DISPATCH_LEASE_SECONDS: '2',
      DISPATCH_POLL_MS: String(pollMillis),
      CREDENTIALS_KEYS: `k1:${'1'.repeat(64)}`,
      ...variables,
    });
    desk = await openDesk(database, program.url);
    car = await desk.register(simulator.vehicles[0]?.baseUrl ?? '');
  };
  const over = (id: string): Promise<void> =>
    eventually(async () => {
      const [row] = await database.query<{ readonly is_over: boolean }>(
        'select lease_expires_at < clock_timestamp() as is_over from commands where command_id = $1',
        [id],
      );
      return row?.is_over === true;
    });
  /** Orders a change, and holds back the answer to its claim until the lease is over. */
  const claimLate = async (pollMillis: number): Promise<{ readonly id: string; readonly release: () => void }> => {
    await start(pollMillis);
    const { release } = tap.holdAnswerTo(/set status.*lease_owner = s\.lease_owner/su);
    const id = await desk.write(car, 7);
    await over(id);
    return { id, release };
  };
  const sent = (id: string) => simulator.ledger.entries({ commandId: id });

  it('a change that was claimed, and taken over before the database answered: is not sent any more', async () => {
    const { id, release } = await claimLate(100);
    expect(await desk.ended(id)).to.include({ status: 'outcome_unknown' });
    release();
    // Behind the one that is let go.
    const next = await desk.write(car, 8);
    expect(await desk.ended(next)).to.include({ status: 'completed' });
    expect(sent(next)).to.have.length(1);
    expect(sent(id)).to.have.length(0);
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'instance-lost']);
  });

  it('a change that was claimed, and that nobody took over: is sent once the lease is renewed', async () => {
    const { id, release } = await claimLate(30_000);
    tap.clear();
    release();
    expect(await desk.ended(id)).to.include({ status: 'completed' });
    expect(sent(id)).to.have.length(1);
    expect(tap.statements().join('\n')).to.match(/set lease_expires_at/u);
  });

  it('a change whose connection takes longer than the lease: is sent over another one, once the lease is renewed', async () => {
    const authority = issueCertificate({ name: 'authority', isAuthority: true });
    const vehicle = await startTlsVehicle(
      issueCertificate({ name: 'car', hosts: ['127.0.0.1'], issuer: authority }),
      authority,
    );
    const gate = await startGate(vehicle.baseUrl);
    // The renewal that is held back below locks its rows until it is given up.
    await start(30_000, { DB_STATEMENT_TIMEOUT_MS: '2000' });
    await desk.call('PATCH', `/vehicles/${car}`, { sovd_base_url: gate.baseUrl });
    const own = issueCertificate({ name: 'sovd-fleet', issuer: authority });
    const { status } = await desk.call('PUT', `/vehicles/${car}/credentials`, {
      kind: 'client-certificate',
      certificate: own.certificate,
      private_key: own.privateKey,
      certificate_authority: authority.certificate,
    });
    expect(status).to.equal(200);
    // So that nobody hears that the lease holds.
    const { release } = tap.holdAnswerTo(/set lease_expires_at/u);
    const id = await desk.write(car, 7);
    await eventually(() => gate.waiting() === 1);
    tap.clear();
    await sleep(2100);
    gate.open();
    await desk.ended(id);
    release();
    expect(vehicle.connectionCount()).to.equal(2);
    expect(vehicle.received.map(({ method }) => method)).to.deep.equal(['PUT']);
    expect(tap.statements().filter((text) => text.includes('set lease_expires_at'))).to.have.length.at.least(2);
    await gate.close();
    await vehicle.close();
  });

  it('a read that has just begun: is looked up for whoever follows it', async () => {
    await start(30_000);
    simulator.trouble.add({ kind: 'hang', count: 1 });
    const { release } = tap.holdAnswerTo(/set lease_expires_at/u);
    const id = await desk.read(car);
    await over(id);
    await database.query("update command_transitions set actor = 'database' where command_id = $1", [id]);
    const { events } = await desk.follow(id, { stopAfter: 2 });
    expect(events.map(({ data }) => data.actor)).to.deep.equal(['database', 'database']);
    release();
    await desk.cancel(id);
    await desk.ended(id);
  });
});

/** A way to a server that lets nothing through until it is opened. */
interface Gate {
  readonly baseUrl: string;
  /** How many connections wait. */
  readonly waiting: () => number;
  readonly open: () => void;
  readonly close: () => Promise<void>;
}

async function startGate(target: string): Promise<Gate> {
  const { port } = new URL(target);
  const waiting: Socket[] = [];
  let isOpen = false;
  const pass = (client: Socket): void => {
    const upstream = connect(Number(port), '127.0.0.1');
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  };
  const server = createServer((client) => {
    if (isOpen) pass(client);
    else waiting.push(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting: () => waiting.length,
    open: () => {
      isOpen = true;
      for (const client of waiting.splice(0)) pass(client);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
