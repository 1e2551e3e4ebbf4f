import type { z } from 'zod';

import type { FaultStatus } from './fault-status.js';
import type { DataError, GenericError } from './sovd-error.js';

/** The four kinds of things that SOVD addresses. */
export const collections = ['areas', 'components', 'apps', 'functions'] as const;
export type Collection = (typeof collections)[number];

/** How one entity can point to others (ASAM SOVD, discovery). */
export const relationNames = [
  'subareas',
  'subcomponents',
  'related-components',
  'related-apps',
  'contains',
  'hosts',
  'is-located-on',
  'depends-on',
] as const;
export type RelationName = (typeof relationNames)[number];

/** An entity of the same vehicle, such as `components/engine-control`. */
export type EntityPath = `${Collection}/${string}`;

/** What a value depends on when it is read. */
export interface Moment {
  /** Since the vehicle was started. */
  readonly seconds: number;
  /** Differs from vehicle to vehicle, so that two cars of a kind don't show the same numbers. */
  readonly seed: number;
  readonly vin: string;
  readonly speedKmh: number;
  /** Engine running, or high voltage on. */
  readonly poweredOn: boolean;
}

/** What must hold before a write or an operation is carried out. */
export interface Requirements {
  readonly standstill?: true;
  readonly powerOff?: true;
  /** The entity's `session` mode. */
  readonly session?: 'extended' | 'programming';
  /** The entity's `security` mode. */
  readonly security?: string;
}

/** A unit of measurement; `value × factor + offset` is the value in SI units. */
export interface Unit {
  readonly display_name: string;
  readonly factor: number;
  readonly offset: number;
}

export interface DataModel {
  readonly id: string;
  readonly name: string;
  readonly category: 'identData' | 'currentData' | 'storedData' | 'sysInfo';
  readonly groups?: readonly string[];
  readonly tags?: readonly string[];
  readonly unit?: Unit;
  /** The shape of the value, for readers and, when it can be written, for the check before. */
  readonly shape: z.ZodType;
  readonly read: (moment: Moment) => unknown;
  /** Parts of the value that can't be read. */
  readonly errors?: readonly DataError[];
  /** The control unit refuses to give this value. */
  readonly refusal?: { readonly status: number; readonly error: GenericError };
  /** Present when the value can be written. */
  readonly write?: Requirements;
}

export interface FaultModel {
  readonly code: string;
  readonly displayCode: string;
  readonly name: string;
  readonly symptom: string;
  /** 1 fatal, 2 error, 3 warning, 4 info. */
  readonly severity: 1 | 2 | 3 | 4;
  readonly scope: string;
  readonly status: FaultStatus;
  readonly tags?: readonly string[];
  readonly firstSeenHoursAgo: number;
  readonly lastSeenHoursAgo: number;
  readonly occurrences: number;
  /** The freeze frame: what the control unit measured when it noticed. */
  readonly snapshot: Readonly<Record<string, unknown>>;
  /** Still failing: the control unit doesn't let it be cleared. */
  readonly persistent?: true;
}

export type OperationOutcome =
  | { readonly parameters: Readonly<Record<string, unknown>> }
  | { readonly parameters?: Readonly<Record<string, unknown>>; readonly error: GenericError };

interface CommonOperation {
  readonly id: string;
  readonly name: string;
  readonly tags?: readonly string[];
  readonly parameters?: z.ZodType;
  readonly requires?: Requirements;
}

/** A routine that answers at once. */
export interface ImmediateOperation extends CommonOperation {
  readonly kind: 'immediate';
  readonly run: (parameters: unknown, moment: Moment) => OperationOutcome;
}

/** A routine that runs for a while and can be watched and stopped. */
export interface LastingOperation extends CommonOperation {
  readonly kind: 'lasting';
  /** How long it takes; `usualMillis` is the simulator's setting. */
  readonly durationMillis: (parameters: unknown, usualMillis: number) => number;
  /** What it shows while it runs. */
  readonly progress: (parameters: unknown, elapsedMillis: number, durationMillis: number) => Record<string, unknown>;
  /** How it ends when nobody stops it. */
  readonly finish: (parameters: unknown, moment: Moment) => OperationOutcome;
}

export type OperationModel = ImmediateOperation | LastingOperation;

export interface ModeModel {
  readonly id: 'session' | 'security' | 'dtcsetting';
  readonly name: string;
}

/** One area, component, app or function, and what it offers. */
export interface EntityModel {
  readonly path: EntityPath;
  readonly name: string;
  readonly tags?: readonly string[];
  readonly variant?: Readonly<Record<string, unknown>>;
  readonly relations?: Partial<Readonly<Record<RelationName, readonly EntityPath[]>>>;
  /** Present even when empty: the entity then has a fault memory without faults. */
  readonly faults?: readonly FaultModel[];
  readonly data?: readonly DataModel[];
  readonly operations?: readonly OperationModel[];
  readonly modes?: readonly ModeModel[];
  readonly lockable?: true;
}

/** A kind of car: everything that all cars of that kind have in common. */
export interface CarModel {
  readonly make: string;
  readonly model: string;
  readonly modelYear: number;
  /** World manufacturer identifier and vehicle descriptor: the first 8 characters of the VIN. */
  readonly vinStart: string;
  readonly plant: string;
  readonly entities: readonly EntityModel[];
}
