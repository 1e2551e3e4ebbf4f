import type { EntityModel, Moment, Requirements } from './car-model.js';
import { DataStore } from './data-store.js';
import { ExecutionLog } from './execution-log.js';
import { FaultMemory } from './fault-memory.js';
import { LockBook } from './lock-book.js';
import { ModeStates } from './mode-states.js';
import { SubscriptionBook } from './subscription-book.js';

/** What an entity needs to know of the car that it is in. */
export interface HostVehicle {
  readonly basePath: string;
  readonly startedAt: number;
  /** How long a routine usually takes. */
  readonly executionMillis: number;
  entity(path: string): Entity | undefined;
  moment(): Moment;
  /** Throws 409 or 403 when the car or the entity isn't in the state that is needed. */
  demand(required: Requirements, entity: Entity): void;
}

/** An entity of one car with its own state. */
export class Entity {
  readonly faults: FaultMemory;
  readonly data: DataStore;
  readonly executions = new ExecutionLog();
  readonly modes = new ModeStates();
  readonly locks = new LockBook();
  readonly subscriptions = new SubscriptionBook();
  /** Path and query of links start here. */
  readonly href: string;

  constructor(
    readonly vehicle: HostVehicle,
    readonly model: EntityModel,
  ) {
    this.href = `${vehicle.basePath}/${model.path}`;
    this.faults = new FaultMemory(model.faults ?? []);
    this.data = new DataStore(model.data ?? []);
  }

  get id(): string {
    return this.model.path.slice(this.model.path.indexOf('/') + 1);
  }
}
