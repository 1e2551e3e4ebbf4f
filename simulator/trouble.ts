import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Whom a trouble hits and how often; everything left out matches everything. */
const target = z.strictObject({
  vehicle: z.string().optional(),
  method: z.string().toUpperCase().optional(),
  /** Below the SOVD base, as sent: `/components/engine-control`. */
  pathPrefix: z
    .string()
    .transform((path) => (path.startsWith('/') ? path : `/${path}`))
    .optional(),
  commandId: z.string().optional(),
  /** Hits so many requests and is gone; without it, until it is removed. */
  count: z.int().min(1).optional(),
  /** Whether the vehicle does what was asked before the trouble strikes (`after`) or not at all (`before`). */
  effect: z.enum(['before', 'after']).optional(),
});

const bytes = z.int().min(1).max(1_073_741_824);

/** The shapes of all troubles; `kind` decides which other fields there are. */
export const troubleShape = z.discriminatedUnion('kind', [
  target.extend({
    kind: z.literal('latency'),
    millis: z.number().min(0).max(3_600_000),
    jitterMillis: z.number().min(0).max(3_600_000).default(0),
  }),
  target.extend({ kind: z.literal('hang') }),
  target.extend({
    kind: z.literal('drop'),
    at: z.enum(['before-headers', 'mid-body']).default('before-headers'),
    /** How much of the body is sent at mid-body; half of it unless told, one piece of an event stream. */
    afterBytes: z.int().min(0).optional(),
  }),
  target.extend({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    body: z.enum(['sovd', 'html', 'empty']).default('sovd'),
  }),
  target.extend({
    kind: z.literal('retry-after'),
    status: z.int().min(400).max(599).default(503),
    seconds: z.int().min(0).max(86_400),
  }),
  target.extend({
    kind: z.literal('garbage'),
    as: z.enum(['invalid-json', 'wrong-content-type', 'truncated']).default('invalid-json'),
  }),
  target.extend({ kind: z.literal('nul') }),
  target.extend({ kind: z.literal('oversize'), bytes }),
  target.extend({ kind: z.literal('endless') }),
  target.extend({
    kind: z.literal('redirect'),
    status: z.union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)]).default(302),
    /** The full path is appended. */
    to: z.url().default('http://elsewhere.invalid'),
  }),
  target.extend({
    kind: z.literal('wrong-location'),
    /** The right path on another host, or the address where clouds keep the credentials of a machine. */
    to: z.enum(['other-host', 'cloud-metadata']).default('other-host'),
  }),
  target.extend({ kind: z.literal('offline') }),
]);

/** A trouble as it is asked for. */
export type TroubleSpec = z.input<typeof troubleShape>;
type Spec = z.output<typeof troubleShape>;

/** A trouble that waits for requests. */
export type Trouble = Spec & {
  readonly id: string;
  /** How many requests it has hit. */
  readonly hits: number;
};
export type TroubleKind = Trouble['kind'];

/** What troubles look at to decide whether they are meant. */
export interface Approach {
  readonly vehicle: string;
  readonly method: string;
  readonly path: string;
  readonly commandId: string | null;
}

/** What hits one request: a delay, and one trouble after it. */
export interface Encounter {
  readonly delayMillis: number;
  readonly trouble?: Trouble;
  readonly kinds: readonly TroubleKind[];
}

type Waiting = Spec & { readonly id: string; hits: number };

/** All troubles that are set. The first that matches hits; a latency comes on top of another kind. */
export class TroubleBook {
  #waiting: Waiting[] = [];

  constructor(
    /** Called when vehicles go offline, all of them for `undefined`: their open connections have to end. */
    private readonly onOffline: (vehicle: string | undefined) => void,
  ) {}

  /** Throws a ZodError when the trouble makes no sense. */
  add(spec: TroubleSpec): Trouble {
    const trouble: Waiting = { ...troubleShape.parse(spec), id: randomUUID(), hits: 0 };
    this.#waiting.push(trouble);
    const hitsEverything = trouble.method === undefined && trouble.pathPrefix === undefined;
    if (trouble.kind === 'offline' && hitsEverything && trouble.commandId === undefined)
      this.onOffline(trouble.vehicle);
    return { ...trouble };
  }

  list(): readonly Trouble[] {
    return this.#waiting.map((trouble) => ({ ...trouble }));
  }

  /** False when there is no such trouble (any more). */
  remove(id: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((trouble) => trouble.id !== id);
    return this.#waiting.length < before;
  }

  /** Removes all, or those that were set for this vehicle alone. */
  clear(vehicle?: string): void {
    this.#waiting = vehicle === undefined ? [] : this.#waiting.filter((trouble) => trouble.vehicle !== vehicle);
  }

  /** What hits this request; counts the hits. */
  meet(approach: Approach): Encounter | undefined {
    if (this.#waiting.length === 0) return undefined;
    const latency = this.#hit(approach, (trouble) => trouble.kind === 'latency');
    const other = this.#hit(approach, (trouble) => trouble.kind !== 'latency');
    if (latency === undefined && other === undefined) return undefined;
    const delayMillis = latency?.kind === 'latency' ? latency.millis + Math.random() * latency.jitterMillis : 0;
    const kinds = [latency, other].flatMap((trouble) => trouble?.kind ?? []);
    return { delayMillis, kinds, ...(other && { trouble: other }) };
  }

  #hit(approach: Approach, isWanted: (trouble: Waiting) => boolean): Trouble | undefined {
    const trouble = this.#waiting.find((candidate) => isWanted(candidate) && isMeant(candidate, approach));
    if (trouble === undefined) return undefined;
    trouble.hits += 1;
    if (trouble.hits === trouble.count) this.remove(trouble.id);
    return trouble;
  }
}

function isMeant(trouble: Waiting, approach: Approach): boolean {
  return (
    (trouble.vehicle === undefined || trouble.vehicle === approach.vehicle) &&
    (trouble.method === undefined || trouble.method === approach.method) &&
    (trouble.pathPrefix === undefined || approach.path.startsWith(trouble.pathPrefix)) &&
    (trouble.commandId === undefined || trouble.commandId === approach.commandId)
  );
}
