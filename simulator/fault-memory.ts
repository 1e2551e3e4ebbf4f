import type { FaultModel } from './car-model.js';

/** The faults that an entity remembers, by code. */
export class FaultMemory {
  readonly #faults: Map<string, FaultModel>;

  constructor(faults: readonly FaultModel[]) {
    this.#faults = new Map(faults.map((fault) => [fault.code, fault]));
  }

  list(): readonly FaultModel[] {
    return [...this.#faults.values()];
  }

  find(code: string): FaultModel | undefined {
    return this.#faults.get(code);
  }

  /** Adds a fault, or replaces the one with the same code. */
  set(fault: FaultModel): void {
    this.#faults.set(fault.code, fault);
  }

  clear(code: string): void {
    this.#faults.delete(code);
  }

  /** Clears what can be cleared, in one scope or in all. A persistent fault would come back at once, so it stays. */
  clearAll(scope: string | null): void {
    for (const fault of this.list()) {
      if (!fault.persistent && (scope === null || fault.scope === scope)) this.#faults.delete(fault.code);
    }
  }
}
