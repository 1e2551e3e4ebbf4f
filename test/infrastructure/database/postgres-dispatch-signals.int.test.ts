import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import type { DispatchSignal } from '#application/ports/dispatch-signals.js';
import { PostgresDispatchSignals } from '#infrastructure/database/postgres-dispatch-signals.js';
import { useDatabase, type TestDatabase } from '#support/database.js';
import { startOwnPostgres } from '#support/postgres.js';

import { captureLog, type CapturedLog } from '../observability/captured-log.js';
import { newId } from './builders.js';

interface Peer {
  readonly signals: PostgresDispatchSignals;
  readonly heard: DispatchSignal[];
  readonly log: CapturedLog;
}

describe('PostgresDispatchSignals', () => {
  const database = useDatabase();
  const peers: Peer[] = [];

  afterEach(async () => {
    await Promise.all(peers.splice(0).map(({ signals }) => signals.close()));
  });

  /** An instance that listens; the wake that it gives itself when it is connected is forgotten. */
  async function startPeer(url = database.url): Promise<Peer> {
    const log = captureLog();
    const heard: DispatchSignal[] = [];
    const signals = new PostgresDispatchSignals(url, newId(), log.log);
    signals.listen((signal) => heard.push(signal));
    const peer = { signals, heard, log };
    peers.push(peer);
    await signals.start();
    heard.splice(0);
    return peer;
  }

  it('a wake and a cancel: are heard here at once, by others soon, and by nobody twice', async () => {
    const [here, there, third] = [await startPeer(), await startPeer(), await startPeer()];
    const commandId = newId();
    const sent: readonly DispatchSignal[] = [{ kind: 'wake' }, { kind: 'cancel', commandId }];
    for (const signal of sent) here.signals.send(signal);
    expect(here.heard).to.deep.equal(sent);
    for (const other of [there, third]) await until(() => other.heard.length >= 2);
    // Whatever came twice would come before the answer to this.
    there.signals.send({ kind: 'cancel', commandId: 'last' });
    await until(() => here.heard.length >= 3 && third.heard.length >= 3);
    expect(here.heard.slice(0, 2)).to.deep.equal(sent);
    expect(third.heard).to.deep.equal([...sent, { kind: 'cancel', commandId: 'last' }]);
    expect(there.heard).to.deep.equal([...sent, { kind: 'cancel', commandId: 'last' }]);
  });

  it('many wakes at once: reach others as one, and every cancel reaches them', async () => {
    const [here, there] = [await startPeer(), await startPeer()];
    const commandIds = Array.from({ length: 50 }, () => newId());
    for (const commandId of commandIds) {
      here.signals.send({ kind: 'wake' });
      here.signals.send({ kind: 'cancel', commandId });
    }
    await until(() => there.heard.length >= 51);
    here.signals.send({ kind: 'cancel', commandId: 'last' });
    await until(() => there.heard.length >= 52);
    const cancelled = there.heard.flatMap((signal) => (signal.kind === 'cancel' ? [signal.commandId] : []));
    expect(cancelled).to.deep.equal([...commandIds, 'last']);
    expect(there.heard.filter(({ kind }) => kind === 'wake')).to.have.length(1);
    expect(
      here.heard.filter(({ kind }) => kind === 'wake'),
      'here each is heard',
    ).to.have.length(50);
  });

  it('connecting: wakes, since nobody knows what was missed', async () => {
    const heard: DispatchSignal[] = [];
    const signals = new PostgresDispatchSignals(database.url, newId(), captureLog().log);
    signals.listen((signal) => heard.push(signal));
    await signals.start();
    expect(heard).to.deep.equal([{ kind: 'wake' }]);
    await signals.close();
  });

  it('payloads of somebody else on the channel: do no harm', async () => {
    const here = await startPeer();
    for (const payload of ['', 'x', 'x cancel', 'x other y', 'x  ', 'y wake']) {
      await database.query(`select pg_notify('sovd_fleet_dispatch', $1)`, [payload]);
    }
    await until(() => here.heard.length >= 1);
    expect(here.heard).to.deep.equal([{ kind: 'wake' }]);
  });

  it('close: sends what is waiting, then leaves no connection; after it nothing is heard or sent', async () => {
    const [here, there] = [await startPeer(), await startPeer()];
    here.signals.send({ kind: 'cancel', commandId: 'one' });
    await here.signals.close();
    await until(() => there.heard.length >= 1);
    here.signals.send({ kind: 'wake' });
    there.signals.send({ kind: 'wake' });
    await there.signals.close();
    await there.signals.close();
    await untilConnections(0, database);
    expect(here.heard).to.deep.equal([{ kind: 'cancel', commandId: 'one' }]);
    expect(there.heard.filter(({ kind }) => kind === 'wake')).to.have.length(1);
  });

  it('close while it connects: leaves no connection either', async () => {
    const signals = new PostgresDispatchSignals(database.url, newId(), captureLog().log);
    const heard: DispatchSignal[] = [];
    signals.listen((signal) => heard.push(signal));
    const start = signals.start();
    await signals.close();
    await start;
    await untilConnections(0, database);
    expect(heard).to.deep.equal([]);
  });

  it('a connection that is killed: is made anew, wakes, and then carries signals again, with one connection each', async () => {
    const [here, there] = [await startPeer(), await startPeer()];
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'sovd-fleet signals'`,
    );
    await until(() => here.heard.length > 0 && there.heard.length > 0);
    expect(here.heard).to.deep.equal([{ kind: 'wake' }]);
    const commandId = newId();
    here.signals.send({ kind: 'cancel', commandId });
    await until(() => there.heard.some(({ kind }) => kind === 'cancel'));
    await untilConnections(2, database);
    expect(here.log.text()).to.contain('the connection for dispatch signals is lost');
    expect(here.log.lines().filter(({ msg }) => msg.includes('is lost'))).to.have.length(1);
  });

  it('a database that stops and starts, or comes late: is found again without a new start', async function () {
    this.timeout(60_000);
    const postgres = await startOwnPostgres();
    try {
      const here = await startPeer(postgres.url);
      for (const way of ['stop', 'kill'] as const) {
        await postgres[way]();
        const late = await startPeer(postgres.url);
        here.signals.send({ kind: 'wake' });
        late.signals.send({ kind: 'wake' });
        expect(late.heard, 'here it is heard all the same').to.deep.equal([{ kind: 'wake' }]);
        here.heard.splice(0);
        late.heard.splice(0);
        await postgres.start();
        await until(() => here.heard.length > 0 && late.heard.length > 0);
        const commandId = newId();
        late.signals.send({ kind: 'cancel', commandId });
        await until(() => here.heard.some((signal) => signal.kind === 'cancel' && signal.commandId === commandId));
        await late.signals.close();
        const { password } = new URL(postgres.url);
        expect(late.log.text()).to.contain('is lost').and.not.contain(decodeURIComponent(password));
      }
      await here.signals.close();
    } finally {
      await postgres.stop();
    }
  });

  it('close while the database is away: ends the attempts', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined).destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { signals, log } = await startPeer(`postgres://user:secret@127.0.0.1:${port}/db`);
    await until(() => sockets.length >= 2);
    await signals.close();
    const attempts = sockets.length;
    await sleep(1200);
    expect(sockets).to.have.length(attempts);
    expect(log.text()).to.contain('is lost').and.not.contain('secret');
    server.close();
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

async function untilConnections(count: number, database: TestDatabase): Promise<void> {
  const text = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'sovd-fleet signals'`;
  while ((await database.query(text)).length !== count) await sleep(5);
}
