/**
 * The entities of a vehicle that are still to be visited, each once, in the order in which they were found. An entity of a
 * collection is told from the others by its exact name. One that is found below another is mostly known already, and
 * servers write its id in another letter case there; so it counts as new only when no name is the same without regard to
 * case.
 */
export class EntityQueue {
  readonly #names = new Set<string>();
  readonly #lowerCaseNames = new Set<string>();
  readonly #waiting: string[] = [];
  #visitedCount = 0;

  /** How many were taken out. */
  get visitedCount(): number {
    return this.#visitedCount;
  }

  /** Whether nothing is left to visit. */
  get isEmpty(): boolean {
    return this.#visitedCount === this.#waiting.length;
  }

  /** Adds what a collection of the vehicle lists. */
  addListed(names: readonly string[]): void {
    for (const name of names) if (!this.#names.has(name)) this.#add(name);
  }

  /** Adds what was found below an entity. */
  addBelow(names: readonly string[]): void {
    for (const name of names) if (!this.#lowerCaseNames.has(name.toLowerCase())) this.#add(name);
  }

  /** Takes the next one out; undefined when nothing is left. */
  next(): string | undefined {
    const name = this.#waiting[this.#visitedCount];
    if (name !== undefined) this.#visitedCount += 1;
    return name;
  }

  #add(name: string): void {
    this.#names.add(name);
    this.#lowerCaseNames.add(name.toLowerCase());
    this.#waiting.push(name);
  }
}
