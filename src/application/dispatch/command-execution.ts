import { LightAbortController } from '../waiting/light-abort.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { CommandType } from '../domain/command-type.js';
import type { Command, CommandStep, Move } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { VehicleResponse } from '../domain/response.js';
import { VehicleLinkFailure, type SovdRequest, type VehicleAnswer } from '../domain/sovd/exchange.js';
import { TransientRefusal } from '../domain/sovd/transient-refusal.js';
import type { Contact, Vehicle } from '../domain/vehicle.js';
import type { ClaimedCommand } from '../ports/command-queue.js';
import type { CommandEvent } from '../ports/command-repository.js';
import type { DispatchSignals } from '../ports/dispatch-signals.js';
import type { Work } from '../ports/unit-of-work.js';
import { vehicleTarget, type VehicleLink, type VehicleTarget } from '../ports/vehicle-link.js';
import { recordContact } from '../record/record-contact.js';
import type { AuditAct } from '../record/audit-act.js';
import { CommandJournal, LeaseLost, type JournalDependencies } from './command-journal.js';
import { dispatcherName, recordEnd } from '../record/record-end.js';
import { AnswerTally, endingOfFailure, LetGo, type Ending, type LetGoReason } from './ending.js';

/** What an execution needs. */
export interface ExecutionDependencies extends JournalDependencies {
  readonly catalogue: Catalogue;
  readonly vehicleLink: VehicleLink;
  readonly audit: AuditAct;
  readonly dispatchSignals: DispatchSignals;
  /** A number from 0 to 1, for jitter. */
  readonly chance: () => number;
  /** How long a lease holds from when the database was asked for it. */
  readonly leaseSeconds: number;
  readonly retryAttempts: number;
  readonly maxResponses: number;
  readonly maxResponseBytes: number;
  /** For how long after its time an answer may still settle a command that changes the vehicle. */
  readonly lateAnswerSeconds: number;
}

/** A database that is away is asked again after this long. */
const databaseRetryMillis = 500;

/** Whoever runs an execution. */
export interface ExecutionHolder {
  /** Makes its lease longer and tells it so, if the lease is still ours. */
  readonly renewLease: () => Promise<void>;
  /** It is stored that a change is overdue. */
  readonly onOverdue: () => void;
}

/** A change did not leave, because its lease may have run out while a connection was made. */
class LeaseUnsure extends VehicleLinkFailure {
  constructor() {
    super('dispatch-interrupted', 'The right to send the command may be over. Nothing was sent.', true, true);
  }

  override get concernsVehicle(): boolean {
    return false;
  }
}

interface Prepared {
  readonly type: CommandType;
  readonly parameters: unknown;
}

/**
 * One command that this instance holds the lease of, on its way to an end. What changes the vehicle is sent once at the
 * most; a read is tried again, but only before its first response.
 *
 * running → settled. A change that is not answered in time goes running → overdue (stored as `outcome_unknown`, neither its
 * lease nor its lane is needed any more) → settled by a late answer, or given up.
 */
export class CommandExecution {
  readonly #dependencies: ExecutionDependencies;
  readonly #claimed: Command;
  /** As it was when the command was claimed. */
  readonly #vehicle: Vehicle;
  readonly #target: VehicleTarget;
  readonly #letGo = new LightAbortController();
  readonly #stop = new LightAbortController();
  /** Call off what waits for a time that means nothing once it has ended; undefined from then on. */
  #timers: (() => void)[] | undefined = [];
  readonly #journal: CommandJournal;
  #mayHaveBeenSent = false;
  #leasedUntil = 0;
  #contact: Omit<Contact, 'at'> | undefined;
  #overdue: Promise<void> | undefined;
  #isSettling = false;
  #isRefusalNoted = false;
  #sideNote: Promise<void> = Promise.resolve();

  constructor(
    dependencies: ExecutionDependencies,
    { command, vehicle, events }: ClaimedCommand,
    private readonly holder: ExecutionHolder,
  ) {
    const log = dependencies.log.withFields({ command_id: command.id, vehicle_id: command.record.vehicleId });
    this.#dependencies = { ...dependencies, log, units: dependencies.units.toldTo(log) };
    this.#claimed = command;
    this.#vehicle = vehicle.vehicle;
    this.#target = vehicleTarget(vehicle);
    this.#journal = new CommandJournal(this.#dependencies, command, events);
  }

  /** The command as it was claimed. */
  get command(): Command {
    return this.#claimed;
  }

  /** Whether it only waits for a late answer: its end is known as far as it can be. */
  get isOverdue(): boolean {
    return this.#overdue !== undefined;
  }

  /** Whether its end is being stored. Its lease may be gone by then, because it is not in progress any more. */
  get isSettling(): boolean {
    return this.#isSettling;
  }

  /** All events of the command, as far as this instance can be sure to know them without a look. */
  get begunEvents(): readonly CommandEvent[] | undefined {
    return this.#holdsLease ? this.#journal.begunEvents : undefined;
  }

  /** To be told whenever the database gave the lease, or made it longer: when it was asked to. */
  leaseGiven(askedAt: Date): void {
    this.#leasedUntil = askedAt.getTime() + this.#dependencies.leaseSeconds * 1000;
  }

  /**
   * Somebody wishes that the command ends. What only reads or was not sent yet lets go; an execution on the vehicle is
   * stopped there, if that works.
   */
  cancel(): void {
    if (this.#stop.signal.aborted || this.isOverdue) return;
    this.#stop.abort();
    if (!this.#claimed.changesVehicle || !this.#mayHaveBeenSent) this.letGo('cancelled');
    else if (this.#claimed.record.safety === 'idempotent') this.#noteRefusedCancel();
  }

  /** Lets go of the vehicle. */
  letGo(why: LetGoReason): void {
    this.#letGo.abort(new LetGo(why));
  }

  /** Brings the command to its end, or leaves it to whoever has the lease. Never rejects. */
  async run(): Promise<void> {
    const { log } = this.#dependencies;
    try {
      await this.#toItsEnd();
    } catch (error) {
      if (error instanceof LeaseLost) log.warn({}, 'the lease of a command is lost; another instance goes on with it');
      else log.error({ err: error }, 'the execution of a command failed');
    } finally {
      for (const callOff of this.#timers ?? []) callOff();
      this.#timers = undefined;
    }
  }

  async #toItsEnd(): Promise<void> {
    const { clock } = this.#dependencies;
    const prepared = await this.#prepare();
    if (prepared === undefined) {
      const error = { code: 'internal-error', message: 'Something went wrong on our side.' } as const;
      const move: Move = { to: 'failed', at: clock.now(), actor: dispatcherName, reason: error.code, error };
      await this.#journal.conclude(move, (work, step) => recordEnd(work, step, this.#dependencies.audit));
      return;
    }
    const endsAt = clock.now().getTime() + this.#claimed.record.timeoutSeconds * 1000;
    this.#afterMillis(endsAt - clock.now().getTime(), () => this.#timeIsOver());
    for (let retriesLeft = this.#dependencies.retryAttempts; ; retriesLeft -= 1) {
      const ending = await this.#attempt(prepared, retriesLeft, endsAt);
      if (ending.kind !== 'retry') {
        await this.#settle(ending);
        return;
      }
      const move: Move = { to: 'in_progress', at: clock.now(), actor: dispatcherName, reason: 'retry' };
      await this.#journal.conclude(move, () => undefined);
      await clock.sleep(ending.afterMillis, this.#letGo.signal);
    }
  }

  /** What the execution needs to know beside the command; undefined when it can't be carried out at all. */
  async #prepare(): Promise<Prepared | undefined> {
    const { catalogue, log } = this.#dependencies;
    const { record } = this.#claimed;
    try {
      const type = catalogue.find(record.name);
      if (type === undefined) throw new Error(`the catalogue has no ${record.name}`);
      const parameters = type.parameters.parse(record.parameters);
      if (record.responseCount > 0) this.#journal.skip(await this.#listStoredSubjects());
      return { type, parameters };
    } catch (error) {
      log.error({ err: error }, 'a command could not be begun');
      return undefined;
    }
  }

  /** Waits for a database that is away. */
  async #listStoredSubjects(): Promise<readonly string[]> {
    const { units, clock } = this.#dependencies;
    for (;;) {
      try {
        return await units.withUnit('read', (work) => work.commands.listSubjects(this.#claimed.id));
      } catch (error) {
        if (!(error instanceof ApplicationError) || error.kind !== 'unavailable') throw error;
        await clock.sleep(databaseRetryMillis);
      }
    }
  }

  async #attempt(prepared: Prepared, retriesLeft: number, endsAt: number): Promise<Ending> {
    const journal = this.#journal;
    const { clock, chance, log } = this.#dependencies;
    try {
      return await this.#converse(prepared);
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      if (error instanceof LetGo && error.why === 'lease-lost') throw new LeaseLost();
      const now = clock.now();
      const ending = endingOfFailure(error, {
        command: journal.command,
        mayHaveBeenSent: this.#mayHaveBeenSent,
        hasResponses: journal.hasResponses,
        retriesLeft,
        millisLeft: endsAt - now.getTime(),
        now,
        chance: chance(),
      });
      if (error instanceof TransientRefusal && ending.kind === 'settle') journal.hold(error.response);
      if (!(error instanceof VehicleLinkFailure) && !(error instanceof LetGo)) {
        journal.discard();
        log.error({ err: error }, 'a command could not be carried on');
      } else {
        log.debug({ err: error }, 'an attempt ended');
      }
      return ending;
    }
  }

  async #converse({ type, parameters }: Prepared): Promise<Ending> {
    const tally = new AnswerTally();
    const exchange = { send: (request: SovdRequest) => this.#send(request) };
    this.#letGo.signal.throwIfAborted();
    let count = 0;
    for await (const response of type.run(parameters, exchange)) {
      count += 1;
      if (count > this.#dependencies.maxResponses) {
        throw new VehicleLinkFailure(
          'too-many-responses',
          `The vehicle sent more than ${this.#dependencies.maxResponses} responses.`,
          false,
          false,
        );
      }
      tally.add(response);
      await this.#keep(response);
    }
    return tally.ending(this.#claimed);
  }

  async #keep(response: VehicleResponse): Promise<void> {
    if (!this.isOverdue) await this.#journal.receive(response);
    else this.#journal.hold(response);
  }

  async *#send(request: SovdRequest): AsyncGenerator<VehicleAnswer, void, undefined> {
    const wasSent = this.#mayHaveBeenSent;
    if (!this.#claimed.changesVehicle || wasSent) {
      yield* this.#exchange(request, wasSent);
      return;
    }
    for (;;) {
      await this.#makeSureOfLease();
      try {
        yield* this.#exchange(request, wasSent, () => {
          if (!this.#holdsLease) throw new LeaseUnsure();
        });
        return;
      } catch (error) {
        if (!(error instanceof LeaseUnsure)) throw error;
      }
    }
  }

  async *#exchange(
    request: SovdRequest,
    wasSent: boolean,
    beforeSending?: () => void,
  ): AsyncGenerator<VehicleAnswer, void, undefined> {
    this.#letGo.signal.throwIfAborted();
    this.#mayHaveBeenSent = true;
    try {
      const answers = this.#dependencies.vehicleLink.send(this.#target, request, {
        commandId: this.#claimed.id,
        signal: this.#letGo.signal,
        stop: this.#stop.signal,
        timeoutSeconds: this.#claimed.record.timeoutSeconds,
        maxResponseBytes: this.#dependencies.maxResponseBytes,
        ...(beforeSending === undefined ? {} : { beforeSending }),
      });
      for await (const answer of answers) {
        this.#contact = { status: 'connected' };
        if (answer.isStopRefused === true) this.#noteRefusedCancel();
        yield answer;
      }
    } catch (error) {
      if (error instanceof VehicleLinkFailure) {
        if (error.concernsVehicle) {
          this.#contact = { status: error.neverSent ? 'disconnected' : 'error', errorCode: error.code };
        }
        if (error.neverSent) this.#mayHaveBeenSent = wasSent;
      } else if (error instanceof LetGo && error.why === 'timeout') {
        this.#contact = { status: 'error', errorCode: 'vehicle-timeout' };
      }
      throw error;
    }
  }

  /**
   * A process that stood still, or that the database let wait, may have lost its lease and not know it yet. Another one has
   * said by then that nobody knows what became of the change, and people have looked at the vehicle: it must not be sent after that.
   */
  async #makeSureOfLease(): Promise<void> {
    const { clock, log } = this.#dependencies;
    while (!this.#holdsLease && !this.#letGo.signal.aborted) {
      const before = this.#leasedUntil;
      try {
        await this.holder.renewLease();
        if (this.#leasedUntil === before) this.letGo('lease-lost');
      } catch (error) {
        if (!(error instanceof ApplicationError) || error.kind !== 'unavailable') throw error;
        log.warn({ err: error }, 'a change that was not sent yet waits for the database, to be sure of its lease');
        await clock.sleep(databaseRetryMillis, this.#letGo.signal);
      }
    }
  }

  /** By our own clock; the database's may give it more. */
  get #holdsLease(): boolean {
    return this.#dependencies.clock.now().getTime() < this.#leasedUntil;
  }

  async #settle(ending: Exclude<Ending, { kind: 'retry' }>): Promise<void> {
    if (ending.kind === 'abandon') return;
    const isRefused = this.#stop.signal.aborted && ending.kind === 'settle' && ending.move.to !== 'cancelled';
    if (isRefused && this.#claimed.changesVehicle) this.#noteRefusedCancel();
    this.#isSettling = true;
    await this.#sideNote;
    const { clock } = this.#dependencies;
    if (this.#overdue !== undefined) {
      await this.#overdue;
      await this.#settleLate(ending);
      return;
    }
    const at = clock.now();
    const move: Move =
      ending.kind === 'requeue'
        ? {
            to: 'pending',
            at,
            actor: dispatcherName,
            reason: 'vehicle-offline',
            notBefore: new Date(at.getTime() + ending.afterMillis),
          }
        : { at, actor: dispatcherName, ...ending.move };
    await this.#journal.conclude(move, (work, step) => this.#alongside(work, step));
  }

  /** An answer that came after all settles what could not be known; another failure tells nothing new. */
  async #settleLate(ending: Ending): Promise<void> {
    if (ending.kind !== 'settle' || (ending.move.to !== 'completed' && ending.move.to !== 'failed')) return;
    const move: Move = {
      ...ending.move,
      at: this.#dependencies.clock.now(),
      actor: dispatcherName,
      reason: 'late-answer',
    };
    try {
      await this.#journal.conclude(move, (work, step) => this.#alongside(work, step));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.#dependencies.log.info({}, 'a late answer came after somebody had settled the command');
    }
  }

  #afterMillis(milliseconds: number, task: () => void): void {
    this.#timers?.push(this.#dependencies.clock.after(milliseconds, task));
  }

  #timeIsOver(): void {
    if (this.#isSettling) return;
    if (!this.#claimed.changesVehicle || !this.#mayHaveBeenSent) {
      this.letGo('timeout');
      return;
    }
    this.#overdue = this.#goOverdue();
  }

  async #goOverdue(): Promise<void> {
    const { clock, lateAnswerSeconds, log } = this.#dependencies;
    const { timeoutSeconds } = this.#claimed.record;
    const error = {
      code: 'vehicle-timeout',
      message: `The vehicle did not answer within ${timeoutSeconds} s.`,
    } as const;
    const move: Move = { to: 'outcome_unknown', at: clock.now(), actor: dispatcherName, reason: error.code, error };
    try {
      await this.#sideNote;
      await this.#journal.conclude(move, (work, step) => this.#alongside(work, step));
    } catch (failure) {
      log.warn({ err: failure }, 'an overdue command could not be settled by this instance');
      this.letGo('lease-lost');
      return;
    }
    this.holder.onOverdue();
    this.#afterMillis(lateAnswerSeconds * 1000, () => this.letGo('timeout'));
  }

  #alongside(work: Work, step: CommandStep): void {
    const { audit, clock, dispatchSignals } = this.#dependencies;
    recordEnd(work, step, audit);
    if (this.#contact === undefined) return;
    recordContact(work, dispatchSignals, this.#vehicle, { at: clock.now(), ...this.#contact });
  }

  #noteRefusedCancel(): void {
    if (this.#isSettling || this.isOverdue || this.#isRefusalNoted) return;
    this.#isRefusalNoted = true;
    const { clock, log } = this.#dependencies;
    this.#sideNote = this.#sideNote
      .then(() => this.#journal.remark('cancel-refused', clock.now(), dispatcherName))
      .catch((error: unknown) => log.warn({ err: error }, 'a refused cancellation could not be noted'));
  }
}
