import type { CarModel, EntityPath, Moment, Requirements } from './car-model.js';
import { Entity, type HostVehicle } from './entity.js';
import { preconditionNotFulfilled } from './sovd-error.js';

/** What the surroundings do to a car; set through the control endpoint. */
export interface Conditions {
  readonly speedKmh: number;
  /** Engine running, or high voltage on. */
  readonly poweredOn: boolean;
}

const atRest: Conditions = { speedKmh: 0, poweredOn: true };

/** One simulated car: what it is, how it stands, and the state of its entities. Nothing is shared between two cars. */
export class Vehicle implements HostVehicle {
  readonly basePath: string;
  conditions: Conditions = atRest;
  #startedAt = Date.now();
  #entities: ReadonlyMap<string, Entity>;

  constructor(
    readonly key: string,
    readonly vin: string,
    readonly car: CarModel,
    /** Scheme, host and port under which clients reach the simulator. */
    readonly publicUrl: string,
    readonly number: number,
    /** How long a routine usually takes. */
    readonly executionMillis: number,
  ) {
    this.basePath = `/${key}/sovd/v1`;
    this.#entities = this.#freshEntities();
  }

  /** The address that a client needs: the versioned SOVD base. */
  get baseUrl(): string {
    return `${this.publicUrl}${this.basePath}`;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  get entities(): Iterable<Entity> {
    return this.#entities.values();
  }

  entity(path: string): Entity | undefined {
    return this.#entities.get(path);
  }

  moment(): Moment {
    return {
      seconds: (Date.now() - this.#startedAt) / 1000,
      seed: this.number,
      vin: this.vin,
      ...this.conditions,
    };
  }

  demand(required: Requirements, entity: Entity): void {
    if (required.standstill && this.conditions.speedKmh > 0) {
      throw preconditionNotFulfilled('The vehicle must stand still.', { speed_kmh: this.conditions.speedKmh });
    }
    if (required.powerOff && this.conditions.poweredOn) {
      throw preconditionNotFulfilled('The drive must be switched off.', { powered_on: true });
    }
    entity.modes.demand(required);
  }

  /** Back to the state of a car that was just started. */
  reset(): void {
    this.conditions = atRest;
    this.#startedAt = Date.now();
    for (const entity of this.#entities.values()) entity.subscriptions.endAll();
    this.#entities = this.#freshEntities();
  }

  #freshEntities(): ReadonlyMap<EntityPath, Entity> {
    return new Map(this.car.entities.map((model) => [model.path, new Entity(this, model)]));
  }
}
