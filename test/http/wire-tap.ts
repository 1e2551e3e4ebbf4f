import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A statement as PostgreSQL got it. */
export interface SentStatement {
  readonly text: string;
  /** As texts. */
  readonly values: readonly (string | null)[];
  /** Prepared under a name, so that the server may come to plan it once for all values. */
  readonly isPrepared: boolean;
}

/** A way to a database that tells what goes over it. */
export interface WireTap {
  /** The database's URL, through the tap. */
  readonly url: string;
  /** The texts of all statements since the last `clear`, as PostgreSQL got them. */
  readonly statements: () => readonly string[];
  /** The same with their values. */
  readonly sent: () => readonly SentStatement[];
  /** How often something was sent after an answer to what was sent before, since the last `clear`. */
  readonly roundTrips: () => number;
  readonly clear: () => void;
  /** Lets nothing through any more, and takes connections without a word: a database behind a broken network. */
  readonly block: () => void;
  readonly unblock: () => void;
  /** The next statement with such a text is passed on, and its connection is lost before the answer comes back. */
  readonly loseAnswerTo: (text: RegExp) => void;
  /** The next statement with such a text is passed on, and the answers to it and to what follows wait until `release`. */
  readonly holdAnswerTo: (text: RegExp) => { readonly release: () => void };
  /** The connections that there are carry nothing any more, without a word: a firewall that forgot them. New ones work. */
  readonly forget: () => void;
  readonly close: () => Promise<void>;
}

/** Listens between a program and PostgreSQL, and reads along what the program sends (PostgreSQL manual, chapter 54). */
export async function tapDatabase(databaseUrl: string): Promise<WireTap> {
  const target = new URL(databaseUrl);
  let statements: SentStatement[] = [];
  let roundTrips = 0;
  const sockets = new Set<Socket>();
  let isBlocked = false;
  let lost: RegExp | undefined;
  let held: { readonly text: RegExp; upstream?: Socket; client?: Socket } | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    const read = messageReader((statement) => {
      statements.push(statement);
      if (held?.upstream === undefined && held?.text.test(statement.text) === true) {
        Object.assign(held, { upstream, client });
        upstream.unpipe(client);
      }
      if (lost?.test(statement.text) !== true) return;
      lost = undefined;
      upstream.unpipe(client);
      upstream.once('data', () => client.destroy()).resume();
    });
    client.on('data', read);
    let hasAnswered = true;
    client.on('data', () => {
      if (hasAnswered) roundTrips += 1;
      hasAnswered = false;
    });
    upstream.on('data', () => (hasAnswered = true));
    client.pipe(upstream).pipe(client);
    if (isBlocked) setImmediate(() => client.pause());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    statements: () => statements.map(({ text }) => text),
    sent: () => [...statements],
    roundTrips: () => roundTrips,
    clear: () => {
      statements = [];
      roundTrips = 0;
    },
    block: () => {
      isBlocked = true;
      for (const socket of sockets) socket.pause();
    },
    unblock: () => {
      isBlocked = false;
      for (const socket of sockets) socket.resume();
    },
    loseAnswerTo: (text) => {
      lost = text;
    },
    holdAnswerTo: (text) => {
      const mine: typeof held = { text };
      held = mine;
      return {
        release: () => {
          if (mine.client !== undefined) mine.upstream?.pipe(mine.client);
          if (held === mine) held = undefined;
        },
      };
    },
    forget: () => {
      for (const socket of sockets) socket.pause();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Takes the stream of a client apart: Query and Parse carry texts, and Bind says which of those is meant. */
function messageReader(onStatement: (statement: SentStatement) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  const prepared = new Map<string, string>();
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const prefix = isStarted ? 1 : 0;
      if (rest.length < prefix + 4) return;
      const end = prefix + rest.readInt32BE(prefix);
      if (rest.length < end) return;
      const message = rest.subarray(prefix + 4, end);
      const body = message.toString();
      const kind = isStarted ? rest.toString('latin1', 0, 1) : 'startup';
      const [first = '', second = ''] = body.split('\0', 2);
      if (kind === 'Q') onStatement({ text: first, values: [], isPrepared: false });
      if (kind === 'P') prepared.set(first, second);
      if (kind === 'B') {
        const head = Buffer.byteLength(`${first}\0${second}\0`);
        onStatement({
          text: prepared.get(second) ?? '',
          values: readValues(message.subarray(head)),
          isPrepared: second !== '',
        });
      }
      isStarted = true;
      rest = rest.subarray(end);
    }
  };
}

/** The values of a Bind message, behind its names: the formats, then each value with its length, -1 for null. */
function readValues(message: Buffer): readonly (string | null)[] {
  let at = 2 + 2 * message.readInt16BE(0);
  const count = message.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = message.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return message.toString('utf8', at - length, at);
  });
}
