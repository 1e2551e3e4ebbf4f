import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { ClaimedCommand, Lease } from '../ports/command-queue.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { Log } from '../ports/log.js';
import type { RunningCommands } from '../ports/running-commands.js';
import type { StartingPlace, StartingPlaces } from '../ports/starting-places.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { Bell } from '../waiting/bell.js';
import { claimCommands, type Claims } from './claim-commands.js';
import { CommandExecution, type ExecutionDependencies } from './command-execution.js';
import { expireCommands } from './expire-commands.js';
import { takeOverCommands } from './take-over-commands.js';

/** What a dispatcher needs. */
export interface DispatcherDependencies extends ExecutionDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly units: UnitsOfWork;
  /** This instance's id: the owner of its leases. */
  readonly instance: string;
  /** How many commands run at once in this instance. */
  readonly concurrency: number;
  readonly readsPerVehicle: number;
  /** How often it looks for work that no signal told of, for dead instances and for what has expired. */
  readonly pollMillis: number;
}

/** How many rows one unit of the housekeeping takes. */
const housekeepingBatch = 50;

/** How much longer than the time between two renewals is waited for those of others once the database is back. */
const outageGraceMillis = 2000;

/** How long what was told to let go may take to say how it ended. */
const letGoMillis = 1000;

/**
 * Runs commands: claims them under a lease, executes them on their vehicles, renews the leases, and takes over what dead
 * instances left. Any number of instances may run at once.
 */
export class Dispatcher implements StartingPlaces, RunningCommands {
  readonly #dependencies: DispatcherDependencies;
  readonly #lease: Lease;
  readonly #running = new Map<string, { readonly execution: CommandExecution; readonly end: Promise<void> }>();
  /** By the vehicle: places for commands that are being accepted, until they are given back. */
  readonly #starting = new Map<string, Promise<void>>();
  readonly #bell: Bell;
  readonly #stopped = new AbortController();
  readonly #drained = new AbortController();
  readonly #claims: Claims;
  readonly #takeOver: ReturnType<typeof takeOverCommands>;
  readonly #expire: ReturnType<typeof expireCommands>;
  /** Whether commands may wait, as far as signals and the last claim tell. */
  #mayWait = true;
  /** Whether commands may wait for a place of this instance: those come first. */
  #isBehind = true;
  /** How many places the claim that is under way may fill. */
  #claiming = 0;
  #hasLeft = false;
  #intake: Promise<unknown> = Promise.resolve();
  #renewal: Promise<unknown> = Promise.resolve();
  /** Before this time, in milliseconds, a lease that has run out proves nothing. */
  #leasesTellFrom = 0;

  constructor(dependencies: DispatcherDependencies) {
    this.#dependencies = dependencies;
    this.#lease = { owner: dependencies.instance, seconds: dependencies.leaseSeconds };
    this.#bell = new Bell(dependencies.clock);
    this.#claims = claimCommands({ ...dependencies, lease: this.#lease });
    this.#takeOver = takeOverCommands({ ...dependencies, lease: this.#lease });
    this.#expire = expireCommands(dependencies);
  }

  /** Begins to work, and returns. */
  start(): void {
    this.#dependencies.dispatchSignals.listen((signal) => {
      if (signal.kind === 'wake') this.#lookForMore();
      else this.#running.get(signal.commandId)?.execution.cancel();
    });
    this.#intake = Promise.all([this.#work(), this.#keepHouse()]);
    this.#renewal = this.#renewLeases();
  }

  take(vehicleId: string): StartingPlace | undefined {
    if (this.#isStopped || this.#isBehind || this.#freePlaces <= 0 || this.#starting.has(vehicleId)) return undefined;
    const askedAt = this.#dependencies.clock.now();
    let resolve: (() => void) | undefined;
    this.#starting.set(vehicleId, new Promise<void>((resolveEnd) => (resolve = resolveEnd)));
    return {
      lease: this.#lease,
      begin: (claimed) => {
        // Who has left leaves its leases to others.
        if (!this.#hasLeft) this.#run(claimed, askedAt);
      },
      doubt: (claimed) => {
        this.#claims.doubt(claimed);
        this.#lookForMore();
      },
      giveBack: () => {
        this.#starting.delete(vehicleId);
        resolve?.();
      },
    };
  }

  begunEvents(commandId: string): readonly CommandEvent[] | undefined {
    return this.#running.get(commandId)?.execution.begunEvents;
  }

  /** How many commands run in this instance now. */
  get runningCount(): number {
    return this.#running.size;
  }

  /**
   * Takes nothing new, and gives what runs this long to end. After that reads are left to other instances at once, and
   * changes that are under way end as `outcome_unknown`.
   */
  async stop(drainMillis: number): Promise<void> {
    const { clock, units, log } = this.#dependencies;
    const waited = new AbortController();
    this.#stopped.abort();
    this.#bell.ring();
    const ends = (): Promise<unknown> => Promise.all([...this.#running.values()].map(({ end }) => end));
    for (const { execution } of this.#running.values()) if (execution.isOverdue) execution.letGo('shutdown');
    // A claim or an acceptance that is under way comes to an end first, so that nothing begins behind our back.
    const begun = Promise.all([this.#intake, ...this.#starting.values()]);
    await Promise.race([begun.then(ends), clock.sleep(drainMillis, waited.signal)]);
    this.#hasLeft = true;
    const left = [...this.#running.values()].map(({ execution }) => execution);
    for (const execution of left) execution.letGo('shutdown');
    await Promise.race([ends(), clock.sleep(letGoMillis, waited.signal)]);
    waited.abort();
    this.#drained.abort();
    await Promise.all([this.#intake, this.#renewal]);
    const reads = left.filter(({ command }) => !command.changesVehicle).map(({ command }) => command.id);
    if (reads.length === 0) return;
    try {
      await units.withUnit('write', (work) => work.commandQueue.release(this.#lease.owner, reads));
    } catch (error) {
      log.warn({ err: error }, 'leases could not be given back; they run out by themselves');
    }
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const didClaim = await this.#guarded('claim commands', () => this.#claimAndRun());
      if (didClaim === true) continue;
      await this.#bell.wait(this.#dependencies.pollMillis, this.#stopped.signal);
    }
  }

  /** Gives whether there may be more to claim at once. */
  async #claimAndRun(): Promise<boolean> {
    const free = this.#freePlaces;
    if (free <= 0) {
      this.#isBehind = this.#mayWait;
      return false;
    }
    // The other places are for what begins with its acceptance meanwhile. As long as nobody told of a command, one shows whether
    // there are any.
    const limit = this.#isBehind ? free : this.#mayWait ? Math.ceil(free / 2) : 1;
    this.#mayWait = false;
    this.#claiming = limit;
    const askedAt = this.#dependencies.clock.now();
    try {
      const { claimed, areLeft } = await this.#claims.claim(limit);
      for (const each of claimed) this.#run(each, askedAt);
      if (areLeft) this.#mayWait = true;
      const isMore = areLeft && claimed.length >= limit;
      if (!isMore) this.#isBehind = false;
      return isMore;
    } catch (error) {
      this.#mayWait = true;
      throw error;
    } finally {
      this.#claiming = 0;
    }
  }

  get #freePlaces(): number {
    let taken = this.#starting.size + this.#claiming;
    for (const { execution } of this.#running.values()) if (!execution.isOverdue) taken += 1;
    return this.#dependencies.concurrency - taken;
  }

  #lookForMore(): void {
    this.#mayWait = true;
    this.#bell.ring();
  }

  /** `askedAt` is when the database was asked for the lease. */
  #run(claimed: ClaimedCommand, askedAt: Date): void {
    const { command } = claimed;
    const execution: CommandExecution = new CommandExecution(this.#dependencies, claimed, {
      renewLease: () => this.#renew(new Set([execution])),
      onOverdue: () => this.#makeRoom(),
    });
    execution.leaseGiven(askedAt);
    const end = execution.run().finally(() => {
      if (this.#running.get(command.id)?.execution === execution) this.#running.delete(command.id);
      if (this.#mayWait) this.#bell.ring();
    });
    this.#running.set(command.id, { execution, end });
  }

  /** An overdue change has left its lane and its place. Too many that wait for a late answer would keep too much open. */
  #makeRoom(): void {
    const overdue = this.#executions(({ isOverdue }) => isOverdue);
    if (overdue.length > this.#dependencies.concurrency) overdue[0]?.letGo('timeout');
    this.#bell.ring();
  }

  #executions(isWanted: (execution: CommandExecution) => boolean): readonly CommandExecution[] {
    return [...this.#running.values()].map(({ execution }) => execution).filter(isWanted);
  }

  async #keepHouse(): Promise<void> {
    const { clock, pollMillis } = this.#dependencies;
    while (!this.#isStopped) {
      await this.#guarded('expire commands', () => this.#expire(housekeepingBatch));
      const canTellTheDead = clock.now().getTime() >= this.#leasesTellFrom;
      if (canTellTheDead) await this.#guarded('take over commands', () => this.#takeOverAndRun());
      await clock.sleep(pollMillis, this.#stopped.signal);
    }
  }

  async #takeOverAndRun(): Promise<void> {
    const askedAt = this.#dependencies.clock.now();
    const commands = await this.#takeOver(housekeepingBatch, [...this.#running.keys()]);
    for (const each of commands) this.#run(each, askedAt);
    // Lanes that dead instances had blocked may be free now.
    if (commands.length > 0) this.#bell.ring();
  }

  async #renewLeases(): Promise<void> {
    const { clock } = this.#dependencies;
    while (!this.#drained.signal.aborted) {
      await clock.sleep(this.#renewalMillis / 2, this.#drained.signal);
      // Most commands are over soon, and a renewal would lock their rows just when they end.
      const lasting = new Set(this.#executions(() => true));
      await clock.sleep(this.#renewalMillis / 2, this.#drained.signal);
      await this.#guarded('renew leases', () => this.#renew(lasting));
    }
  }

  async #renew(wanted: ReadonlySet<CommandExecution>): Promise<void> {
    const { units, clock } = this.#dependencies;
    const held = this.#executions((execution) => wanted.has(execution) && !execution.isOverdue);
    if (held.length === 0) return;
    const askedAt = clock.now();
    const renewed = await units.withUnit('write', (work) =>
      work.commandQueue.renew(
        this.#lease,
        held.map(({ command }) => ({ commandId: command.id, leaseNumber: command.record.leaseNumber })),
      ),
    );
    const found = new Map(renewed.map((entry) => [entry.commandId, entry]));
    for (const execution of held) {
      const entry = found.get(execution.command.id);
      if (entry !== undefined) execution.leaseGiven(askedAt);
      if (entry === undefined && !execution.isSettling && !execution.isOverdue) execution.letGo('lease-lost');
      else if (entry?.isCancelRequested === true) execution.cancel();
    }
  }

  /** A database that is away for a while must not end a loop; what was not done is done in the next round. */
  async #guarded<Result>(what: string, task: () => Promise<Result>): Promise<Result | undefined> {
    const { log, clock, pollMillis } = this.#dependencies;
    try {
      return await task();
    } catch (error) {
      log.warn({ err: error }, `the dispatcher could not ${what}`);
      // While the database is away nobody can renew a lease: after it those who live are given the time to do so.
      if (error instanceof ApplicationError && error.code === 'database-unavailable') {
        this.#leasesTellFrom = clock.now().getTime() + this.#renewalMillis + outageGraceMillis;
      }
      await clock.sleep(pollMillis, this.#stopped.signal);
      return undefined;
    }
  }

  get #renewalMillis(): number {
    return (this.#dependencies.leaseSeconds * 1000) / 3;
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }
}
