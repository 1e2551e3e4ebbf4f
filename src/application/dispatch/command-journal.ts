import type { Command, CommandStep, Move, TransitionReason } from '../domain/command.js';
import { ApplicationError, ConcurrentChange } from '../domain/errors.js';
import type { Response, VehicleResponse } from '../domain/response.js';
import type { Clock } from '../ports/clock.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { Log } from '../ports/log.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';

/** What a journal needs. */
export interface JournalDependencies {
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly announce: AnnounceStep;
  readonly log: Log;
}

/** Another instance has the command now, or somebody settled it: nothing more may be written. */
export class LeaseLost extends Error {
  constructor() {
    super('the lease of the command is lost');
    this.name = 'LeaseLost';
  }
}

/** How many responses go into one statement, and how many may wait before the vehicle has to. */
const batchSize = 100;
const maxWaiting = 200;

/** A database that is away is asked again after this long: what a vehicle has answered must not be lost. */
const databaseRetryMillis = 500;

interface Waiting {
  readonly response: VehicleResponse;
  readonly receivedAt: Date;
}

/**
 * Writes down what happens to one command, in order and under the lease that it was claimed with. Each step builds on the one
 * before, so they are stored one after the other, whoever asks for them. Responses that arrive while one statement is under
 * way go out together in the next. A database that is away is waited for.
 */
export class CommandJournal {
  readonly #dependencies: JournalDependencies;
  readonly #subjects = new Set<string>();
  #command: Command;
  #begunEvents: readonly CommandEvent[] | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> = Promise.resolve();
  #lastTurn: Promise<void> = Promise.resolve();
  #isWriting = false;
  #failure: { readonly error: unknown } | undefined;

  /** `events` are all that are stored, where they are known. */
  constructor(dependencies: JournalDependencies, command: Command, events?: readonly CommandEvent[]) {
    this.#dependencies = dependencies;
    this.#command = command;
    this.#begunEvents = events;
  }

  /** All events that are stored, until there may be more; undefined too when they were not known at the beginning. */
  get begunEvents(): readonly CommandEvent[] | undefined {
    return this.#begunEvents;
  }

  /** Responses that an earlier attempt has stored, and that must not be stored again. */
  skip(subjects: readonly string[]): void {
    for (const subject of subjects) this.#subjects.add(subject);
  }

  /** The command as it was last stored. */
  get command(): Command {
    return this.#command;
  }

  /** Whether any response is stored or about to be. */
  get hasResponses(): boolean {
    return this.#subjects.size > 0;
  }

  /**
   * Takes a response to be stored soon. A final one is kept for `conclude`, which mostly follows at once, so that it costs
   * no statement of its own. Waits while too many are waiting. Throws `LeaseLost` when an earlier one could not be stored.
   */
  async receive(response: VehicleResponse): Promise<void> {
    this.#throwFailure();
    if (this.#subjects.has(response.subject)) return;
    this.#keep(response);
    if (!response.isFinal) this.#startWriting();
    if (this.#waiting.length >= maxWaiting) {
      await this.#writing;
      this.#throwFailure();
    }
  }

  /** Keeps a response for `conclude`: it may not be stored before. */
  hold(response: VehicleResponse): void {
    if (!this.#subjects.has(response.subject)) this.#keep(response);
  }

  /** Forgets responses that were not stored. */
  discard(): void {
    this.#waiting = [];
  }

  /** Stores what waits and the step to another state, in one unit, with whatever else belongs to it. */
  conclude(move: Move, alongside: (work: Work, step: CommandStep) => void): Promise<void> {
    return this.#inTurn(async () => {
      this.#throwFailure();
      while (this.#waiting.length > batchSize) await this.#writeBatch();
      const responses = this.#number(this.#waiting);
      this.#waiting = [];
      await this.#store(this.#command.move(move, responses), alongside);
    });
  }

  /** Stores a remark about the command, unless it has ended. */
  remark(reason: TransitionReason, at: Date, actor: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#throwFailure();
      if (!this.#command.isFinal) await this.#store(this.#command.remark(reason, at, actor));
    });
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(task);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  #keep(response: VehicleResponse): void {
    this.#subjects.add(response.subject);
    this.#waiting.push({ response, receivedAt: this.#dependencies.clock.now() });
  }

  #startWriting(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#inTurn(() => this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && this.#failure === undefined) await this.#writeBatch();
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#isWriting = false;
    }
  }

  async #writeBatch(): Promise<void> {
    const responses = this.#number(this.#waiting.splice(0, batchSize));
    await this.#store(this.#command.receive(responses));
  }

  #number(waiting: readonly Waiting[]): readonly Response[] {
    const { record } = this.#command;
    return waiting.map(({ response, receivedAt }, index) => ({
      id: this.#dependencies.identifiers.next(),
      commandId: record.id,
      sequenceNumber: record.responseCount + index,
      eventNumber: record.lastEventNumber + 1 + index,
      subject: response.subject,
      payload: response.payload,
      isFinal: response.isFinal,
      receivedAt,
    }));
  }

  async #store(step: CommandStep, alongside?: (work: Work, step: CommandStep) => void): Promise<void> {
    const { units, clock, announce, log } = this.#dependencies;
    this.#begunEvents = undefined;
    let isUncertain = false;
    for (;;) {
      try {
        await units.withUnit('write', (work) => {
          work.commands.advance(step);
          alongside?.(work, step);
          announce(work, step);
          return Promise.resolve();
        });
        break;
      } catch (error) {
        if (error instanceof ConcurrentChange) {
          // After a connection that broke under a commit, the change that we meet may be our own.
          if (!isUncertain || !(await this.#isStored(step))) throw new LeaseLost();
          // Nobody was told of it.
          announce({ afterCommit: (task) => task() }, step);
          break;
        }
        if (!(error instanceof ApplicationError) || error.kind !== 'unavailable') throw error;
        isUncertain = true;
        log.warn({ command_id: step.before.id, err: error }, 'a step waits for the database');
        await clock.sleep(databaseRetryMillis);
      }
    }
    this.#command = step.after;
  }

  async #isStored({ after }: CommandStep): Promise<boolean> {
    const { units, clock } = this.#dependencies;
    for (;;) {
      try {
        const stored = await units.withUnit('read', (work) => work.commands.load(after.id));
        return (
          stored?.status === after.status &&
          stored.record.lastEventNumber === after.record.lastEventNumber &&
          stored.record.leaseNumber === after.record.leaseNumber
        );
      } catch (error) {
        if (!(error instanceof ApplicationError) || error.kind !== 'unavailable') throw error;
        await clock.sleep(databaseRetryMillis);
      }
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
