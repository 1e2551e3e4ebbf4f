/**
 * How a request ended: `open` (not yet), `answered`, `hung` (left without an answer on purpose), `dropped` (the
 * connection was cut on purpose), `client-closed` (the client went away first).
 */
export type Ending = 'open' | 'answered' | 'hung' | 'dropped' | 'client-closed';

/** One request as it reached the simulator. */
export interface LedgerEntry {
  /** Counts from 1 in the order of arrival and is never used twice. */
  readonly number: number;
  readonly at: Date;
  /** `null` when the path belongs to no vehicle. */
  readonly vehicle: string | null;
  readonly method: string;
  /** As it was sent, below the SOVD base of the vehicle: `/components/engine-control/faults`. */
  readonly path: string;
  /** As it was sent, without the question mark. */
  readonly query: string;
  /** The X-Command-Id header. */
  readonly commandId: string | null;
  /** The first 4,096 characters. */
  readonly body: string | null;
  readonly isBodyCut: boolean;
  /** Whether the request changed something on the vehicle, whatever the client got to hear of it. */
  readonly changed: boolean;
  /** `null` until, or when never, a status line was sent. */
  readonly status: number | null;
  readonly ending: Ending;
  /** The kinds of trouble that hit this request. */
  readonly troubles: readonly string[];
}

/** Which entries are wanted; all conditions must hold. */
export interface LedgerFilter {
  readonly vehicle?: string;
  readonly commandId?: string;
  readonly method?: string;
  readonly pathPrefix?: string;
  readonly changed?: boolean;
  /** Only entries with a higher number. */
  readonly after?: number;
  /** At most so many, the oldest first. */
  readonly limit?: number;
}

type Arrival = Pick<LedgerEntry, 'vehicle' | 'method' | 'path' | 'query' | 'commandId'>;
type OpenEntry = { -readonly [Field in keyof LedgerEntry]: LedgerEntry[Field] };

const maxBodyCharacters = 4096;

/** What the exchange itself writes into its entry while it lasts. */
export class LedgerRecord {
  constructor(readonly entry: OpenEntry) {}

  body(text: string): void {
    this.entry.body = text.slice(0, maxBodyCharacters);
    this.entry.isBodyCut = text.length > maxBodyCharacters;
  }

  changed(changed: boolean): void {
    this.entry.changed = changed;
  }

  troubles(kinds: readonly string[]): void {
    this.entry.troubles = kinds;
  }

  status(status: number): void {
    this.entry.status = status;
  }

  /** The first end stays: what comes later is only its consequence. */
  end(ending: Exclude<Ending, 'open'>): void {
    if (this.entry.ending === 'open') this.entry.ending = ending;
  }
}

/** Every request in the order of arrival, in memory. When it is full the oldest entries go, and `dropped` counts them. */
export class Ledger {
  #slots: OpenEntry[] = [];
  /** Where the oldest entry stands once the slots are full. */
  #oldest = 0;
  #lastNumber = 0;
  #dropped = 0;

  constructor(readonly capacity: number) {}

  /** How many entries had to go to make room since the last `clear`. */
  get dropped(): number {
    return this.#dropped;
  }

  get size(): number {
    return this.#slots.length;
  }

  open(arrival: Arrival): LedgerRecord {
    this.#lastNumber += 1;
    const entry: OpenEntry = {
      number: this.#lastNumber,
      at: new Date(),
      ...arrival,
      body: null,
      isBodyCut: false,
      changed: false,
      status: null,
      ending: 'open',
      troubles: [],
    };
    this.#keep(entry);
    return new LedgerRecord(entry);
  }

  /** Copies of the matching entries, the oldest first. */
  entries(filter: LedgerFilter = {}): readonly LedgerEntry[] {
    const limit = filter.limit ?? Number.POSITIVE_INFINITY;
    const found: LedgerEntry[] = [];
    for (let index = 0; index < this.#slots.length && found.length < limit; index += 1) {
      const entry = this.#slots[(this.#oldest + index) % this.#slots.length];
      if (entry !== undefined && matches(entry, filter)) found.push({ ...entry });
    }
    return found;
  }

  clear(): void {
    this.#slots = [];
    this.#oldest = 0;
    this.#dropped = 0;
  }

  #keep(entry: OpenEntry): void {
    if (this.#slots.length < this.capacity) {
      this.#slots.push(entry);
      return;
    }
    this.#slots[this.#oldest] = entry;
    this.#oldest = (this.#oldest + 1) % this.capacity;
    this.#dropped += 1;
  }
}

function matches(entry: LedgerEntry, filter: LedgerFilter): boolean {
  return (
    (filter.vehicle === undefined || entry.vehicle === filter.vehicle) &&
    (filter.commandId === undefined || entry.commandId === filter.commandId) &&
    (filter.method === undefined || entry.method === filter.method) &&
    (filter.pathPrefix === undefined || entry.path.startsWith(filter.pathPrefix)) &&
    (filter.changed === undefined || entry.changed === filter.changed) &&
    (filter.after === undefined || entry.number > filter.after)
  );
}
