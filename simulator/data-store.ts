import type { DataModel, Moment } from './car-model.js';

/** A list of data ids that a client made to read them together. */
export interface DataList {
  readonly id: string;
  readonly dataIds: readonly string[];
}

/** The data of an entity: what it can show, what was written to it, and the lists that clients made. */
export class DataStore {
  readonly #models: ReadonlyMap<string, DataModel>;
  readonly #written = new Map<string, unknown>();
  readonly #lists = new Map<string, DataList>();

  constructor(models: readonly DataModel[]) {
    this.#models = indexOf(models);
  }

  get models(): Iterable<DataModel> {
    return this.#models.values();
  }

  find(id: string): DataModel | undefined {
    return this.#models.get(id);
  }

  valueOf(model: DataModel, moment: Moment): unknown {
    return this.#written.has(model.id) ? this.#written.get(model.id) : model.read(moment);
  }

  write(id: string, value: unknown): void {
    this.#written.set(id, value);
  }

  get lists(): Iterable<DataList> {
    return this.#lists.values();
  }

  get listCount(): number {
    return this.#lists.size;
  }

  findList(id: string): DataList | undefined {
    return this.#lists.get(id);
  }

  addList(list: DataList): void {
    this.#lists.set(list.id, list);
  }

  removeList(id: string): boolean {
    return this.#lists.delete(id);
  }
}

/** The index of an entity's data never changes, so all cars of a kind share one. */
const indexes = new WeakMap<readonly DataModel[], ReadonlyMap<string, DataModel>>();

function indexOf(models: readonly DataModel[]): ReadonlyMap<string, DataModel> {
  const existing = indexes.get(models);
  if (existing !== undefined) return existing;
  const index = new Map(models.map((model) => [model.id, model]));
  indexes.set(models, index);
  return index;
}
