import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What went over the tap since the last `clear`. */
export interface Traffic {
  readonly statements: number;
  /** How often a client had to wait for the server before it went on. */
  readonly roundTrips: number;
}

/** A way to a database on which the statements are counted. */
export interface DatabaseTap {
  /** The database's URL, through the tap. */
  readonly url: string;
  readonly traffic: () => Traffic;
  readonly clear: () => void;
  readonly close: () => Promise<void>;
}

/**
 * Listens between a program and PostgreSQL and counts (PostgreSQL manual, chapter 54): statements are the messages Execute
 * and Query, and a round trip begins with what a client sends after it has heard something. Connections whose
 * application_name ends in `signals` are left out: they carry wake-ups, which no request waits for.
 */
export async function tapDatabase(databaseUrl: string): Promise<DatabaseTap> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let statements = 0;
  let roundTrips = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let isCounted = false;
    let hasHeard = true;
    const read = messageReader((kind, body) => {
      if (kind === 'startup') isCounted = !body.includes('signals\0');
      if (isCounted && (kind === 'E' || kind === 'Q')) statements += 1;
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    }
    client.on('data', (chunk) => {
      read(chunk);
      if (isCounted && hasHeard) roundTrips += 1;
      hasHeard = false;
    });
    upstream.on('data', () => (hasHeard = true));
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    traffic: () => ({ statements, roundTrips }),
    clear: () => {
      statements = 0;
      roundTrips = 0;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Takes the stream of a client apart into messages. */
function messageReader(onMessage: (kind: string, body: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const prefix = isStarted ? 1 : 0;
      if (rest.length < prefix + 4) return;
      const end = prefix + rest.readInt32BE(prefix);
      if (rest.length < end) return;
      onMessage(isStarted ? rest.toString('latin1', 0, 1) : 'startup', rest.toString('latin1', prefix + 4, end));
      isStarted = true;
      rest = rest.subarray(end);
    }
  };
}
