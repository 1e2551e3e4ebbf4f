/** What may be done together, and how much of it at once. */
export interface GatheringOptions<Item> {
  /** Whether a batch still takes the item. One that begins a batch is not asked for. */
  readonly fits: (batch: readonly Item[], item: Item) => boolean;
  /** While so many batches are under way, the next one goes on gathering. */
  readonly maxUnderWay: number;
  /** But not for longer than this: what is under way may be stuck. */
  readonly maxWaitMillis: number;
  /** Does what was gathered. Never rejects. */
  readonly run: (batch: readonly Item[]) => Promise<void>;
}

interface Batch<Item> {
  readonly items: Item[];
  /** The turn of the event loop in which it began is over. */
  isDue: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Does things together that cost less together. gathering → under way: a batch leaves at the end of the turn of the event loop
 * in which it began. While others are under way it leaves when one of them ends, when it is full, or after a moment. So
 * whoever is alone waits for nothing, and the more there is to do, the more is done at once.
 */
export class Gathering<Item> {
  readonly #options: GatheringOptions<Item>;
  /** More may still join. */
  #open: Batch<Item> | undefined;
  #underWay = 0;

  constructor(options: GatheringOptions<Item>) {
    this.#options = options;
  }

  /** Has an item done soon, with others. */
  add(item: Item): void {
    const present = this.#open;
    if (present !== undefined && this.#options.fits(present.items, item)) {
      present.items.push(item);
      return;
    }
    if (present?.isDue === true) this.#start(present);
    const batch: Batch<Item> = { items: [item], isDue: false, timer: undefined };
    this.#open = batch;
    // Once all that has arrived is looked at.
    setImmediate(() => this.#endTurn(batch));
  }

  #endTurn(batch: Batch<Item>): void {
    batch.isDue = true;
    const isFull = this.#open !== batch;
    if (isFull || this.#underWay < this.#options.maxUnderWay) this.#start(batch);
    else batch.timer = setTimeout(() => this.#start(batch), this.#options.maxWaitMillis);
  }

  #start(batch: Batch<Item>): void {
    clearTimeout(batch.timer);
    if (this.#open === batch) this.#open = undefined;
    this.#underWay += 1;
    void this.#options.run(batch.items).then(() => {
      this.#underWay -= 1;
      if (this.#open?.isDue === true) this.#start(this.#open);
    });
  }
}
