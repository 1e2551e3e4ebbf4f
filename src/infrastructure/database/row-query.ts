import pg, { type Client, type Connection, type QueryConfig } from 'pg';
import { Parser } from 'pg-protocol/dist/parser.js';

import { RowReader, type Column, type ValueParser, type WireRow } from './row-reader.js';

/** The first byte of the server's message `DataRow` (PostgreSQL's manual, 55.7). */
const dataRow = 0x44;

/** What the driver makes of a message of the server. */
interface Message {
  readonly name: string;
}

/** The driver's parser, with what its types keep to themselves. */
interface OpenParser {
  parse(bytes: Buffer, handle: (message: Message) => void): void;
  handlePacket(offset: number, code: number, length: number, bytes: Buffer): Message;
}

/** The driver's connection, likewise. */
interface OpenConnection extends Connection {
  attachListeners(stream: Connection['stream']): void;
  describe(target: object): void;
}

/** The driver's query, likewise. */
interface OpenQuery extends pg.Query {
  submit(connection: Connection): Error | null;
  prepare(connection: OpenConnection): void;
}

/** A row of which nothing is read before it is known by whom. */
class UnreadRow implements WireRow, Message {
  readonly name = 'dataRow';
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** For the driver's own queries. */
  get fields(): (string | null)[] {
    const { bytes, start } = this;
    const fields: (string | null)[] = [];
    let at = start + 2;
    while (at < this.end) {
      const length = bytes.readInt32BE(at);
      at += 4;
      fields.push(length < 0 ? null : bytes.toString('utf8', at, at + length));
      at += Math.max(length, 0);
    }
    return fields;
  }
}

class RowLeavingParser extends (Parser as unknown as new () => OpenParser) {
  override handlePacket(offset: number, code: number, length: number, bytes: Buffer): Message {
    // The length counts its own four bytes.
    if (code === dataRow) return new UnreadRow(bytes, offset, offset + length - 4);
    return super.handlePacket(offset, code, length, bytes);
  }
}

/** Lets a client, before it connects, leave rows to the queries that they are for. */
export function leaveRowsUnread(client: Client): void {
  const connection = client.connection as OpenConnection;
  connection.attachListeners = (stream) => {
    const parser = new RowLeavingParser();
    const handle = (message: Message): void => {
      connection.emit(message.name === 'error' ? 'errorMessage' : message.name, message);
    };
    stream.on('data', (bytes: Buffer) => parser.parse(bytes, handle));
  };
}

/** A client's statements that the server has prepared and described. */
class DescribedStatements {
  readonly readers = new Map<string, RowReader>();
  /** The client's connection, which asks for no description. */
  readonly connection: OpenConnection;

  constructor(connection: OpenConnection) {
    this.connection = Object.create(connection, { describe: { value: () => undefined } }) as OpenConnection;
  }
}

const describedStatements = new WeakMap<OpenConnection, DescribedStatements>();

function describedBy(connection: OpenConnection): DescribedStatements {
  const known = describedStatements.get(connection) ?? new DescribedStatements(connection);
  describedStatements.set(connection, known);
  return known;
}

/** What a query ends with: the rows, or what went wrong. */
export type QueryEnd<Row> = (error: Error | undefined, rows: readonly Row[]) => void;

/**
 * A query of the driver, with our reading of its rows. A prepared statement is described once for each connection: what it
 * answers can't change, since the server refuses it when its tables were altered (SQLSTATE 0A000).
 */
export class RowQuery<Row extends object> extends (pg.Query as unknown as new (config: QueryConfig) => OpenQuery) {
  readonly #client: Client;
  readonly #name: string | undefined;
  readonly #end: QueryEnd<Row>;
  #rows: Row[] = [];
  #reader: RowReader | undefined;
  #unreadable: Error | undefined;
  #isSent = false;
  #hasFailed = false;

  constructor(client: Client, config: QueryConfig, end: QueryEnd<Row>) {
    super(config);
    this.#client = client;
    this.#name = config.name;
    this.#end = end;
  }

  /** Whether it is on its way to the server: a value that can't be bound, or a lost connection, keeps it here. */
  get isSent(): boolean {
    return this.#isSent;
  }

  override submit(connection: Connection): Error | null {
    const refusal = super.submit(connection);
    this.#isSent = refusal === null && !this.#hasFailed;
    return refusal;
  }

  override prepare(connection: OpenConnection): void {
    const described = describedBy(connection);
    this.#reader = this.#name === undefined ? undefined : described.readers.get(this.#name);
    super.prepare(this.#reader === undefined ? connection : described.connection);
  }

  handleRowDescription({ fields }: { readonly fields: readonly Column[] }): void {
    this.#reader = new RowReader(fields, (type) => this.#client.getTypeParser(type) as ValueParser);
    if (this.#name !== undefined)
      describedBy(this.#client.connection as OpenConnection).readers.set(this.#name, this.#reader);
  }

  handleDataRow(row: WireRow): void {
    if (this.#reader === undefined || this.#unreadable !== undefined) return;
    try {
      this.#rows.push(this.#reader.read(row) as Row);
    } catch (error) {
      this.#unreadable = new Error('a value that the database answered could not be read', { cause: error });
    }
  }

  handleError(error: Error): void {
    this.#hasFailed = true;
    this.#end(error, []);
  }

  handleReadyForQuery(): void {
    const rows = this.#rows;
    // The driver may keep a query for longer than anybody wants its rows.
    this.#rows = [];
    if (this.#unreadable === undefined) this.#end(undefined, rows);
    else this.#end(this.#unreadable, []);
  }
}
